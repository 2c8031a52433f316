/** Medians and how far they can be trusted. Pure. */

/** Of the samples of one thing, in their unit. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** A figure with the interval that it lies in with a probability of 90 %. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Two samples taken one right after the other. */
export type Pair = readonly [of: number, to: number];

const RESAMPLES = 2000;

/** `q` from 0 to 1; between two samples the point on the line that joins them. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new RangeError('no samples');
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

export const summarise = (samples: readonly number[]): Summary => ({
  count: samples.length,
  median: median(samples),
  p10: quantile(samples, 0.1),
  p90: quantile(samples, 0.9),
});

const ratio = (pairs: readonly Pair[]): number => median(pairs.map(([of]) => of)) / median(pairs.map(([, to]) => to));

/**
 * Median of the first ÷ median of the second. The interval is a bootstrap's, which draws pairs, not samples: what
 * slows the machine down for a while slows both. The same pairs always give the same interval.
 */
export function ratioOfMedians(pairs: readonly Pair[]): Estimate {
  const random = dice();
  const draw = (): Pair[] => pairs.flatMap(() => pairs.slice(...oneOf(pairs.length, random)));
  const ratios = Array.from({ length: RESAMPLES }, () => ratio(draw()));
  return { value: ratio(pairs), low: quantile(ratios, 0.05), high: quantile(ratios, 0.95) };
}

function oneOf(length: number, random: () => number): [number, number] {
  const at = Math.floor(random() * length);
  return [at, at + 1];
}

/** Numbers from 0 to 1, the same at each run (mulberry32). */
function dice(): () => number {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
