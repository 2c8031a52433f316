/** The owners of a network's endpoints. */
import type { Entry } from '../../model/ports/ports.js';
import type { Heads } from '../records/heads.js';

/** Owners without a head that are looked at. */
const MOST_STRAYS = 256;

/** Of the key of an endpoint, below `endpoints/`. */
export const ownerOf = (key: string): string => key.split('/', 3)[2] ?? '';

/**
 * Each that is to be read, with `known` the keys that are here and `children` what the store has below the network. Whoever
 * has endpoints has a head; of others, however many somebody wrote by hand, only some.
 */
export function ownersOf(told: Heads, known: Iterable<string>, children: readonly string[]): readonly string[] {
  const owners = new Set([...told.keys(), ...[...known].map(ownerOf)]);
  const found = children.flatMap((child) => (child.endsWith('/') ? [child.slice(0, -1)] : []));
  return [...owners, ...found.filter((owner) => !owners.has(owner)).slice(0, MOST_STRAYS)];
}

/** How many endpoints of each are known, by what was read last: to count them all would cost each change that much. */
export class OwnerCounts {
  #counts = new Map<string, number>();

  of(owner: string): number {
    return this.#counts.get(owner) ?? 0;
  }

  set(owner: string, endpoints: number): void {
    if (endpoints > 0) this.#counts.set(owner, endpoints);
    else this.#counts.delete(owner);
  }

  /** All that there are. */
  reset(entries: Iterable<Entry>): void {
    this.#counts = new Map();
    for (const { key } of entries) this.#counts.set(ownerOf(key), this.of(ownerOf(key)) + 1);
  }
}
