import { describe, expect, it } from 'vitest';
import { type Pair, quantile, ratioOfMedians } from '../../lab/bench/statistics.js';

describe('quantile', () => {
  it('lies on the line between two samples', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20], 0.1)).toBe(11);
    expect(quantile([7], 0.9)).toBe(7);
  });
});

describe('ratioOfMedians', () => {
  it('is sure of what is the same in each pair, however much the machine wavers', () => {
    const pairs = [1, 5, 2, 9, 4].map((slowness): Pair => [slowness, 2 * slowness]);
    expect(ratioOfMedians(pairs)).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  });

  it('gives an interval around the figure, the same one each time', () => {
    const pairs = [3, 4, 5, 9, 4, 6, 5].map((ours, i): Pair => [ours, 5 + (i % 3)]);
    const { value, low, high } = ratioOfMedians(pairs);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
    expect(ratioOfMedians(pairs)).toEqual({ value, low, high });
  });
});
