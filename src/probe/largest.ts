/** The largest of many sizes that passes, where each that is smaller does, too. */

/** Tried at once: what is lost shows only by waiting, so few rounds with many tries. */
const AT_ONCE = 12;

type Trying = (size: number) => Promise<boolean>;

/**
 * Between `least` and `most`, both included; 0 when not even the least passes. `passes` may take for lost what is only late;
 * what it says of the smallest that it takes for lost is asked of `surely`, which has time.
 */
export async function largest(least: number, most: number, passes: Trying, surely: Trying): Promise<number> {
  if ((await passes(most)) || (await surely(most))) return most;
  let [known, lost] = [least - 1, most];
  while (lost - known > 1) {
    const step = Math.max(1, Math.ceil((lost - known) / (AT_ONCE + 1)));
    const sizes: number[] = [];
    for (let size = known + step; size < lost; size += step) sizes.push(size);
    const results = await Promise.all(sizes.map(passes));
    for (const [i, size] of sizes.entries()) {
      if (results[i] === true || (await surely(size))) {
        known = size;
        continue;
      }
      lost = size;
      break;
    }
  }
  return known < least ? 0 : known;
}
