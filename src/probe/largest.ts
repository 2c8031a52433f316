/** The largest of many sizes that passes, where each that is smaller does, too. */

/** Tried at once: what is lost shows only by waiting, so few rounds with many tries. */
const AT_ONCE = 12;

/** Between `least` and `most`, both included; 0 when not even the least passes. */
export async function largest(
  least: number,
  most: number,
  passes: (size: number) => Promise<boolean>,
): Promise<number> {
  if (most < least) return (await passes(most)) ? most : 0;
  if (await passes(most)) return most;
  let [known, lost] = [least - 1, most];
  while (lost - known > 1) {
    const step = Math.max(1, Math.ceil((lost - known) / (AT_ONCE + 1)));
    const sizes: number[] = [];
    for (let size = known + step; size < lost; size += step) sizes.push(size);
    const results = await Promise.all(sizes.map(passes));
    const first = results.indexOf(false);
    const passed = first < 0 ? sizes.at(-1) : sizes[first - 1];
    if (first >= 0) lost = sizes[first] ?? lost;
    if (passed !== undefined && passed > known) known = passed;
  }
  return known < least ? 0 : known;
}
