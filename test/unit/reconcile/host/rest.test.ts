/** What holds the kernel waits until no container comes or goes, but never for long. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Rest } from '../../../../src/reconcile/host/rest.js';

const due: string[] = [];
let rest: Rest<string>;
beforeEach(() => {
  vi.useFakeTimers();
  due.length = 0;
  rest = new Rest(500, 3_000, (key) => due.push(key));
});
afterEach(() => {
  rest.stop();
  vi.useRealTimers();
});

it('is due at once where nobody comes or goes', () => {
  rest.disturb('busy');
  expect([rest.isDue('quiet'), rest.isDue('busy')]).toEqual([true, false]);
  expect(rest.waiting).toEqual(['busy']);
});

it('tells who waits half a second after the last one, once', () => {
  for (let i = 0; i < 4; i++) {
    rest.disturb('busy');
    expect(rest.isDue('busy')).toBe(false);
    vi.advanceTimersByTime(400);
  }
  expect(due).toEqual([]);
  vi.advanceTimersByTime(200);
  expect([due, rest.isDue('busy'), rest.waiting]).toEqual([['busy'], true, []]);
  vi.advanceTimersByTime(60_000);
  expect(due).toEqual(['busy']);
});

it('tells every three seconds where they come without end, and whoever was told is let', () => {
  const done: number[] = [];
  for (let ms = 0; ms < 30_000; ms += 100) {
    rest.disturb('busy');
    if (rest.isDue('busy')) done.push(ms);
    vi.advanceTimersByTime(100);
  }
  expect(done.length).toBeGreaterThanOrEqual(9);
  expect(done.length).toBeLessThanOrEqual(10);
});

it('tells nobody who does not wait', () => {
  rest.disturb('busy');
  vi.advanceTimersByTime(10_000);
  expect(due).toEqual([]);
});

it('keeps nothing waiting at the end', () => {
  rest.disturb('busy');
  expect(rest.isDue('busy')).toBe(false);
  rest.end();
  expect([rest.isDue('busy'), rest.waiting]).toEqual([true, ['busy']]);
});
