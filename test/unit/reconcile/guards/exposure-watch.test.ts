import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ExposureWatch } from '../../../../src/reconcile/guards/exposure-watch.js';
import type { Findings } from '../../../../src/store/consul/exposure.js';

const OPEN: Findings = new Map([['a:1', { address: 'a:1', acls: false }]]);
const CLOSED: Findings = new Map([['a:1', undefined]]);
let findings: Findings;
const find = vi.fn(async () => findings);
const log = { info: vi.fn(), warn: vi.fn(), debug: vi.fn() };
let watch: ExposureWatch;
beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  watch = new ExposureWatch(find, log);
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});
const tellsIn = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms);
  return log.warn.mock.calls.length;
};

it('tells once, with the cure, and again when it was put right in between', async () => {
  findings = OPEN;
  watch.look();
  expect(await tellsIn(1)).toBe(1);
  expect(String(log.warn.mock.calls[0])).toMatch(
    /^Consul at a:1 has its ACLs off, .*docs\/plugin\.md.*CONSUL_GUARD=on$/,
  );
  expect(await tellsIn(3_600_000)).toBe(1);
  expect(find).toHaveBeenCalledTimes(7);
  findings = CLOSED;
  await tellsIn(600_000);
  expect(log.info.mock.calls).toEqual([['Consul at a:1 takes writes with a token only now']]);
  findings = OPEN;
  expect(await tellsIn(600_000)).toBe(2);
});

it('keeps quiet of a server that comes and goes, and looks twice a minute at most', async () => {
  findings = OPEN;
  watch.look();
  await tellsIn(1);
  for (let i = 0; i < 60; i++) {
    findings = i % 2 === 0 ? new Map() : OPEN;
    watch.look();
    await tellsIn(1_000);
  }
  expect(log.warn).toHaveBeenCalledTimes(1);
  expect(find.mock.calls.length).toBeLessThanOrEqual(3);
});

it('looks no more after a stop', async () => {
  watch.look();
  watch.stop();
  watch.look();
  await tellsIn(1_000_000);
  expect(find).not.toHaveBeenCalled();
});
