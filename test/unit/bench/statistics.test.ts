import { describe, expect, it } from 'vitest';
import { ATTACH, parseCalls, sums } from '../../lab/bench/calls.js';
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

describe('driver calls', () => {
  const line = (call: string, ms: number) => JSON.stringify({ level: 'info', call, ms, msg: 'driver call' });

  it('are read from a log whose last line is not whole', () => {
    const log = [line('NetworkDriver.Join', 3), '{"msg":"cluster loaded"}', '{"call":"x","msg":"driver call"'].join(
      '\n',
    );
    expect(parseCalls(log)).toEqual([{ method: 'Join', ms: 3 }]);
  });

  it('are summed per attach; one that did not get through counts for nothing', () => {
    const call = (method: string, ms: number) => ({ method, ms });
    const whole = [call('RequestAddress', 1), call('CreateEndpoint', 2), call('EndpointOperInfo', 50), call('Join', 4)];
    expect(sums([call('RequestAddress', 9), ...whole, call('Leave', 1), ...whole], ATTACH)).toEqual([7, 7]);
  });
});
