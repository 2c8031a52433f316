/** A folder with thousands of records is read in parts: one answer with all of them would keep everybody waiting. */
import type { Entry, Store } from '../model/ports/ports.js';

/** Of one answer: all of a /24, and all that two more hex digits tell apart. */
const MOST = 300;

/** What to read: all below a prefix, or one key that is itself the beginning of others. */
export type Slice = { readonly prefix: string } | { readonly key: string };

/** What brings all of these keys, which are in order and begin with `prefix`, at most `most` with one request. */
export function slicesOf(keys: readonly string[], prefix: string, most: number): readonly Slice[] {
  if (keys.length === 0) return [];
  if (keys.length <= most) return [{ prefix }];
  // What the first and the last one share all do: to go there letter by letter would look at all keys for each.
  const at = sharedBy(keys[0] ?? '', keys.at(-1) ?? '');
  const slices: Slice[] = [];
  let from = 0;
  for (let to = 1; to <= keys.length; to++) {
    const [first = '', next] = [keys[from], keys[to]];
    if (next !== undefined && next.charAt(at) === first.charAt(at)) continue;
    if (first.length === at) slices.push({ key: first });
    else slices.push(...slicesOf(keys.slice(from, to), first.slice(0, at + 1), most));
    from = to;
  }
  return slices;
}

/** How many letters two texts have in common from the start. */
function sharedBy(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a.charAt(length) === b.charAt(length)) length++;
  return length;
}

/** All records below a prefix, some at a time; what comes or goes meanwhile may be among them or not. */
export async function* listInSlices(
  store: Pick<Store, 'get' | 'keys' | 'list'>,
  prefix: string,
): AsyncGenerator<readonly Entry[]> {
  for (const slice of slicesOf(await store.keys(prefix), prefix, MOST)) {
    if ('prefix' in slice) yield (await store.list(slice.prefix)).entries;
    else {
      const entry = await store.get(slice.key);
      yield entry === undefined ? [] : [entry];
    }
  }
}
