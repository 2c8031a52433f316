import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { reportOnce } from '../../../../src/store/records/report-once.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('reports each key once per index', () => {
  const told: string[] = [];
  const report = reportOnce((key) => told.push(key));
  for (const [key, index] of [
    ['a', 1],
    ['a', 1],
    ['b', 1],
    ['a', 2],
    ['a', 2],
  ] as const)
    report(key, 'x', index);
  expect(told).toEqual(['a', 'b', 'a']);
});

it('of a flood tells the first hundred, how many more came, and later on new ones again', () => {
  const told: string[] = [];
  const more: number[] = [];
  const report = reportOnce(
    (key) => told.push(key),
    (count) => more.push(count),
  );
  for (let round = 0; round < 3; round++) for (let i = 0; i < 10_000; i++) report(`key ${i}`, 'x', round);
  expect(told).toHaveLength(100);
  expect(more).toEqual([]);
  vi.advanceTimersByTime(61_000);
  expect(more).toEqual([29_900]);
  vi.advanceTimersByTime(600_000);
  report('another', 'x', 1);
  expect(told.at(-1)).toBe('another');
  expect(more).toHaveLength(1);
});

it('does not tell of one key without end, though it changes', () => {
  const told = vi.fn();
  const report = reportOnce(told);
  for (let index = 0; index < 10_000; index++) report('a', 'x', index);
  expect(told.mock.calls.length).toBeLessThanOrEqual(100);
});
