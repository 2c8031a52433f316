import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ExposureWatch } from '../../../../src/reconcile/guards/exposure-watch.js';
import type { Findings } from '../../../../src/store/consul/exposure.js';
import { heardRows } from '../../health/heard.js';

const OPEN: Findings = new Map([['a:1', { address: 'a:1', acls: false }]]);
const CLOSED: Findings = new Map([['a:1', undefined]]);
let findings: Findings;
const find = vi.fn(async () => findings);
let heard: ReturnType<typeof heardRows>;
let watch: ExposureWatch;
beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  heard = heardRows();
  watch = new ExposureWatch(find, heard.rows);
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});
const tellsIn = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms);
  return heard.log.lines.filter(({ level }) => level === 'error').length;
};

it('tells once, with the cure, and again when it was put right in between', async () => {
  findings = OPEN;
  watch.look();
  expect(await tellsIn(1)).toBe(1);
  expect(heard.log.words[0]).toMatch(/^Consul at a:1 has its ACLs off, .*docs\/plugin\.md.*CONSUL_GUARD=on$/);
  expect(await tellsIn(3_600_000)).toBe(1);
  expect(find).toHaveBeenCalledTimes(7);
  findings = CLOSED;
  await tellsIn(600_000);
  expect(heard.log.lines.at(-1)).toMatchObject({
    level: 'info',
    msg: 'Consul at a:1 takes writes with a token only now',
  });
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
  expect(heard.log.lines).toHaveLength(1);
  expect(find.mock.calls.length).toBeLessThanOrEqual(3);
});

it('looks no more after a stop', async () => {
  watch.look();
  watch.stop();
  watch.look();
  await tellsIn(1_000_000);
  expect(find).not.toHaveBeenCalled();
});
