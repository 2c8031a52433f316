/** How far each owner's endpoints have been read in one network, by the revisions of its heads. */
import { type Heads, type Reach, type Read, readsFor } from '../records/heads.js';
import type { Written } from './written.js';

export class Reached {
  #of = new Map<string, Reach>();

  /** All was read, when the names were these. */
  reset(told: Heads): void {
    this.#of = new Map([...told].map(([owner, revision]) => [owner, { told: revision, read: revision }]));
  }

  /** An owner's were read; `told` is undefined for one whose head is gone, `read` where nobody saw what the head was then. */
  set(owner: string, told: string | undefined, read: string | undefined): void {
    if (told === undefined) this.#of.delete(owner);
    else this.#of.set(owner, { told, read: read ?? told });
  }

  /** An owner's were changed by us, and are known from there on if they were until then. */
  follow({ owner, before, revision }: Written): void {
    const reach = this.#of.get(owner);
    if (before !== undefined && reach?.read === before) this.#of.set(owner, { told: reach.told, read: revision });
  }

  /** See {@link readsFor}. */
  reads(told: Heads, known: (owner: string) => number): readonly Read[] {
    return readsFor(told, this.#of, known);
  }
}
