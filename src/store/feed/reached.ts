/** How far each owner's endpoints have been read in one network, by the revisions of its heads. */
import type { Entry } from '../../model/ports/ports.js';
import { type Heads, type Reach, type Read, readsFor } from '../records/heads.js';
import { ownerOf } from './owners.js';
import type { Written } from './written.js';

/** What the names of a network's heads told last. */
export interface Told {
  readonly heads: Heads;
  /** The store's, of these names. */
  readonly index: number;
}

/** Why names are told, where it is not for a change: the watch had failed, the index went backwards, or both. */
export type News = 'again' | 'back' | 'other' | undefined;

export class Reached {
  #of = new Map<string, Reach>();
  /**
   * Owners without a head that have endpoints which are newer than the names, by the newest one's index: their head has
   * come since, and may go again before any news of it.
   */
  readonly #headless = new Map<string, number>();

  /** All was read, when the names were these. */
  reset(told: Told, entries: readonly Entry[]): void {
    this.#of = new Map([...told.heads].map(([owner, revision]) => [owner, { told: revision, read: revision }]));
    this.#headless.clear();
    this.found(entries, told);
  }

  /** What is here is what the store had when its heads were these, and no later state. */
  isAt(heads: Heads): boolean {
    return (
      heads.size === this.#of.size && [...heads].every(([owner, revision]) => this.#of.get(owner)?.read === revision)
    );
  }

  /** An owner's were read; `told` is undefined for one whose head is gone, `read` where nobody saw what the head was then. */
  set(owner: string, told: string | undefined, read: string | undefined): void {
    if (told === undefined) this.#of.delete(owner);
    else this.#of.set(owner, { told, read: read ?? told });
  }

  /** All of an owner were read, when the names were these. */
  whole(owner: string, entries: readonly Entry[], told: Told): void {
    this.#headless.delete(owner);
    this.found(entries, told);
  }

  /** These endpoints are known now, whoever their owners are, when the names are these. */
  found(entries: readonly Entry[], { heads, index }: Told): void {
    for (const entry of entries) {
      // Of a whole network hardly one is newer.
      if (entry.index <= index) continue;
      const owner = ownerOf(entry.key);
      if (!heads.has(owner)) this.#headless.set(owner, Math.max(entry.index, this.#headless.get(owner) ?? 0));
    }
  }

  /** An owner's were changed by us, when the names were these, and are known from there on if they were until then. */
  follow({ owner, before, revision }: Written, { heads }: Told): void {
    const reach = this.#of.get(owner);
    if (before === undefined || reach?.read !== before) return;
    // What the names tell may be what we have followed to: then it is read. All else may be newer than this.
    this.#of.set(owner, { told: heads.get(owner) === before ? before : reach.told, read: revision });
  }

  /** See {@link readsFor}; what is headless is read once more when the names are as new as it, and no more for that. */
  reads({ heads, index }: Told, known: (owner: string) => number): readonly Read[] {
    const reads = readsFor(heads, this.#of, known);
    const owners = new Set(reads.map((read) => read.owner));
    const again = [...this.#headless].flatMap(([owner, newest]): Read[] =>
      newest > index || heads.has(owner) || owners.has(owner) ? [] : [{ kind: 'owner', owner }],
    );
    return [...reads, ...again];
  }
}
