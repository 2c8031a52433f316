import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Leaving } from '../../../../src/reconcile/engine/leaving.js';
import { networkId } from '../../model/fixtures.js';

const [one, two] = [networkId(1), networkId(2)];
let again: ReturnType<typeof vi.fn<() => void>>;
let leaving: Leaving;
beforeEach(() => {
  vi.useFakeTimers();
  again = vi.fn<() => void>();
  leaving = new Leaving(500, again);
});
afterEach(() => {
  leaving.stop();
  vi.useRealTimers();
});

describe('Leaving', () => {
  it('knows nothing of networks that were never listed', () => {
    expect(leaving.look([]).size).toBe(0);
    expect(leaving.look([one]).size).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(again).not.toHaveBeenCalled();
  });

  it('spares one that is missed for a moment, and asks for another look', () => {
    leaving.look([one, two]);
    expect([...leaving.look([two])]).toEqual([one]);
    vi.advanceTimersByTime(499);
    expect([...leaving.look([two])]).toEqual([one]);
    expect(again).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(again).toHaveBeenCalledTimes(1);
    expect(leaving.look([two]).size).toBe(0);
  });

  it('asks again for one that was missed later', () => {
    leaving.look([one, two]);
    leaving.look([two]);
    vi.advanceTimersByTime(400);
    leaving.look([]);
    vi.advanceTimersByTime(100);
    expect([...leaving.look([])]).toEqual([two]);
    vi.advanceTimersByTime(500);
    expect(again).toHaveBeenCalledTimes(2);
    expect(leaving.look([]).size).toBe(0);
  });

  it('forgets one that came back', () => {
    leaving.look([one]);
    leaving.look([]);
    expect(leaving.look([one]).size).toBe(0);
  });
});
