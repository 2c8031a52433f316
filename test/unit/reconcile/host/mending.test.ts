/** What is broken over and over is mended at a pace. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pace } from '../../../../src/health/pace.js';
import { Mending } from '../../../../src/reconcile/host/mending.js';

describe('Pace', () => {
  it('lets a burst go at once, then one each time, and forgives in quiet times', () => {
    let now = 0;
    const pace = new Pace(3, 1_000, () => now);
    expect([pace.take(), pace.take(), pace.take(), pace.take()]).toEqual([0, 0, 0, 1_000]);
    now = 400;
    expect(pace.take()).toBe(600);
    now = 1_000;
    expect([pace.take(), pace.take()]).toEqual([0, 1_000]);
    now = 60_000;
    expect([pace.take(), pace.take(), pace.take(), pace.take()]).toEqual([0, 0, 0, 1_000]);
  });
});

describe('Mending', () => {
  const kicks: string[] = [];
  let mending: Mending<string>;
  beforeEach(() => {
    vi.useFakeTimers();
    kicks.length = 0;
    mending = new Mending((key) => kicks.push(key));
  });
  afterEach(() => {
    mending.stop();
    vi.useRealTimers();
  });

  it('kicks at once, and without end only every two seconds; others are not concerned', () => {
    for (let ms = 0; ms < 60_000; ms += 10) {
      mending.damaged('hurt');
      if (ms === 30_000) mending.damaged('other');
      vi.advanceTimersByTime(10);
    }
    expect(kicks.filter((key) => key === 'hurt').length).toBeGreaterThan(40);
    expect(kicks.filter((key) => key === 'hurt').length).toBeLessThanOrEqual(51);
    expect(kicks.filter((key) => key === 'other')).toHaveLength(1);
  });

  it('the last damage is always mended, within the promise of three seconds', () => {
    for (let n = 0; n < 1_000; n++) mending.damaged('hurt');
    const before = kicks.length;
    vi.advanceTimersByTime(2_001);
    expect(kicks.length).toBe(before + 1);
    vi.advanceTimersByTime(60_000);
    expect(kicks.length).toBe(before + 1);
  });

  it('what could not be mended is tried again later', () => {
    mending.later('hurt');
    expect(kicks).toEqual([]);
    vi.advanceTimersByTime(2_001);
    expect(kicks).toEqual(['hurt']);
  });

  it('what is gone is not kicked any more', () => {
    mending.later('hurt');
    mending.forget('hurt');
    vi.advanceTimersByTime(10_000);
    expect(kicks).toEqual([]);
  });

  it('tells of what breaks at once, and then how much it left out', () => {
    const lines: number[] = [];
    for (let n = 0; n < 1_000; n++) mending.tell('hurt', (unlogged) => lines.push(unlogged));
    expect(lines).toHaveLength(100);
    vi.advanceTimersByTime(10_000);
    mending.tell('hurt', (unlogged) => lines.push(unlogged));
    expect(lines.at(-1)).toBe(900);
  });
});
