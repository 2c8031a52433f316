/** A folder with thousands of records is read in parts: one answer with all of them would keep everybody waiting. */
import type { Entry, Store } from '../model/ports/ports.js';

/** Of one answer: all of a /24, and all that two more hex digits tell apart. */
const MOST = 300;

/** What to read: all below a prefix, or one key that is itself the beginning of others. */
export type Slice = { readonly prefix: string } | { readonly key: string };

/** What brings all of these keys, which begin with `prefix`, at most `most` with one request. */
export function slicesOf(keys: readonly string[], prefix: string, most: number): readonly Slice[] {
  if (keys.length === 0) return [];
  if (keys.length <= most) return [{ prefix }];
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const next = key.slice(0, prefix.length + 1);
    const group = groups.get(next);
    if (group === undefined) groups.set(next, [key]);
    else group.push(key);
  }
  return [...groups].flatMap(([next, group]) => (next === prefix ? [{ key: prefix }] : slicesOf(group, next, most)));
}

/** All records below a prefix, some at a time; what comes or goes meanwhile may be among them or not. */
export async function* listInSlices(
  store: Pick<Store, 'get' | 'keys' | 'list'>,
  prefix: string,
): AsyncGenerator<readonly Entry[]> {
  for (const slice of slicesOf(await store.keys(prefix), prefix, MOST)) {
    if ('prefix' in slice) yield (await store.list(slice.prefix)).entries;
    else yield [(await store.get(slice.key)) ?? []].flat();
  }
}
