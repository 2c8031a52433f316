/** What is new between two states of the same, by identity: a record keeps its identity while it does not change. Pure. */
import { changedBetween } from './edition.js';

/** Keys whose values are not the same in both, or are in one alone. Of two editions it costs what has changed. */
export function differing<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): readonly K[] {
  if (before === after) return [];
  const changed = changedBetween(before, after);
  if (changed !== undefined) return [...changed].filter((key) => before.get(key) !== after.get(key));
  const found: K[] = [];
  let kept = 0;
  for (const [key, value] of after) {
    const was = before.get(key);
    if (was !== undefined) kept++;
    if (was !== value) found.push(key);
  }
  if (kept < before.size) for (const key of before.keys()) if (!after.has(key)) found.push(key);
  return found;
}

/** The first entries of a map, in its order. */
export function firstOf<K, V>(all: ReadonlyMap<K, V>, count: number): ReadonlyMap<K, V> {
  const some = new Map<K, V>();
  for (const [key, value] of all) {
    if (some.size >= count) break;
    some.set(key, value);
  }
  return some;
}

/** What only one of two lists has, by identity: first what is gone. */
export type Differences<T> = readonly [gone: readonly T[], come: readonly T[]];

/** By the later list. Weakly, for of lists that each follow from the one before the first would be kept with the last. */
const told = new WeakMap<readonly object[], { readonly before: WeakRef<readonly object[]>; readonly found: unknown }>();

/** For who has made a list from the one before, and knows what differs: nobody has to look for it. */
export function tellDifferences<T extends object>(
  before: readonly T[],
  after: readonly T[],
  found: Differences<T>,
): void {
  told.set(after, { before: new WeakRef(before), found });
}

/** Nearly all is the same, at the beginning of the lists and at their end. */
export function differences<T extends object>(before: readonly T[], after: readonly T[]): Differences<T> {
  if (before === after) return [[], []];
  const known = told.get(after);
  if (known?.before.deref() === before) return known.found as Differences<T>;
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start++;
  let end = 0;
  while (end < least - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const [was, is] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const [inWas, inIs] = [new Set(was), new Set(is)];
  return [was.filter((t) => !inIs.has(t)), is.filter((t) => !inWas.has(t))];
}
