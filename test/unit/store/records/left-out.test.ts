import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LeftOut } from '../../../../src/store/records/left-out.js';
import { heardRows } from '../../health/heard.js';

let heard: ReturnType<typeof heardRows>;
let leftOut: LeftOut;
beforeEach(() => {
  vi.useFakeTimers();
  heard = heardRows();
  leftOut = new LeftOut(heard.rows);
});
afterEach(() => void vi.useRealTimers());

it('a record has a row while it is left out, and is told of once', () => {
  for (let index = 0; index < 3; index++) leftOut.report('nodes/x', 'is no JSON', index);
  expect(heard.log.lines).toMatchObject([
    { key: 'nodes/x', reason: 'is no JSON', msg: 'a record of the store is left out: nodes/x is no JSON' },
  ]);
  expect(heard.troubles()).toEqual(['store.record nodes/x degraded']);
  leftOut.over('nodes/x');
  leftOut.over('nodes/never-left-out');
  expect(heard.all()).toEqual([]);
  expect(heard.log.words.at(-1)).toBe('nodes/x in the store can be read again, or is gone');
});

it('of a flood the first hundred have rows, the others are counted, and nothing is left once it is over', () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `networks/${i}`);
  for (let index = 0; index < 3; index++) for (const key of keys) leftOut.report(key, 'is no JSON', index);
  vi.advanceTimersByTime(1_000);
  expect(heard.all()).toHaveLength(101);
  expect(heard.all()).toContainEqual(expect.objectContaining({ code: 'store.records', args: { count: 9_900 } }));
  expect(heard.log.lines.length).toBeLessThanOrEqual(101);
  for (const key of keys) leftOut.over(key);
  vi.advanceTimersByTime(1_000);
  expect(heard.all()).toEqual([]);
});

it('a key of any length takes no more than a line', () => {
  leftOut.report(`nodes/${'x'.repeat(100_000)}`, 'is no key of a record', 1);
  expect(JSON.stringify(heard.all()).length).toBeLessThan(2_000);
});
