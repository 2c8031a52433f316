/** All hosts read all nodes' records when one changes: what a host says of its routes is told when it matters. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostFacts } from '../../../../src/model/ports/kernel-port.js';
import type { Cidr, NodeAddress } from '../../../../src/model/values/types.js';
import { NodeRegistration } from '../../../../src/registry/nodes/node-registration.js';
import { Tenure } from '../../../../src/registry/nodes/tenure.js';
import { parseNode } from '../../../../src/store/records/records.js';
import { FakeStore } from '../../../fakes/store.js';
import { nodeOf } from '../../nodes.js';

const SELF = '10.0.0.60' as NodeAddress;
const LAN = '192.168.1.0/24' as Cidr;
/** Of Docker: outside of this host's pools, and maybe in those of another one. */
const BRIDGE = '172.20.0.0/16' as Cidr;
/** Where nobody chooses pools. */
const PUBLIC = '203.0.113.0/24' as Cidr;
const FACTS: HostFacts = { hasGwbridge: false, routes: [LAN], gwbridgeNetworks: [], underlayMtu: 1500 };

let store: FakeStore;
let registration: NodeRegistration;
const publish = (routes: readonly Cidr[], more: Partial<HostFacts> = {}) =>
  registration.publish({ ...FACTS, ...more, routes });
/** A pass every half a minute, as the host sees it then. */
const passes = async (minutes: number, routes: readonly Cidr[]) => {
  for (let i = 0; i < minutes * 2; i++) {
    vi.advanceTimersByTime(30_000);
    await publish(routes);
  }
};
/** As long as it takes until that is told, ms. */
const published = async (routes: readonly Cidr[]): Promise<number> => {
  await publish(routes);
  const ms = registration.waitMs;
  vi.advanceTimersByTime(ms);
  await publish(routes);
  return ms;
};
const told = async () => {
  const entry = await store.get(`nodes/${SELF}`);
  return entry && parseNode(entry)?.routes;
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  store = new FakeStore();
  registration = new NodeRegistration({
    ...{ store, self: nodeOf(SELF), tenure: new Tenure() },
    choices: ['10.0.0.0/8' as Cidr],
  });
  registration.open();
  await publish([LAN]);
  store.commits.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what a host says of its routes', () => {
  it('is told at once where a pool could be chosen', async () => {
    await publish([LAN, '10.9.0.0/24' as Cidr]);
    expect(await told()).toEqual(['10.9.0.0/24', LAN]);
    await publish([LAN, '10.9.0.0/24' as Cidr, BRIDGE]);
    expect(store.commits).toHaveLength(1);
  });

  it('is told within seconds where another host may choose, as one with what follows at once', async () => {
    const routes = [LAN, BRIDGE, '172.21.0.0/16' as Cidr];
    await publish([LAN, BRIDGE]);
    expect(registration.waitMs).toBeLessThanOrEqual(6_000);
    await publish(routes);
    expect(store.commits).toEqual([]);
    vi.advanceTimersByTime(registration.waitMs);
    await publish(routes);
    expect(store.commits).toHaveLength(1);
    expect(await told()).toEqual([BRIDGE, '172.21.0.0/16', LAN]);
    expect(registration.waitMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('is told within seconds of a second bridge, too, and of one that comes later as of the first', async () => {
    const [second, third] = ['172.21.0.0/16', '172.22.0.0/16'] as Cidr[] as [Cidr, Cidr];
    await published([LAN, BRIDGE]);
    expect(await published([LAN, BRIDGE, second])).toBeLessThanOrEqual(12_000);
    vi.advanceTimersByTime(120_000);
    expect(await published([LAN, BRIDGE, second, third])).toBeLessThanOrEqual(6_000);
    expect(await told()).toEqual([BRIDGE, second, third, LAN]);
  });

  it('is told five times in a minute at most, and then once in a minute, however fast bridges come', async () => {
    const bridges: Cidr[] = [];
    const writes: number[] = [];
    for (let s = 0; s < 600; s++) {
      vi.advanceTimersByTime(1_000);
      if (s % 2 === 0) bridges.push(`172.${20 + (s >> 8)}.${s & 255}.0/24` as Cidr);
      const before = store.commits.length;
      await publish([LAN, ...bridges]);
      if (store.commits.length > before) writes.push(s);
    }
    const within = (from: number, to: number) => writes.filter((s) => s >= from && s < to).length;
    expect(within(0, 60)).toBeGreaterThanOrEqual(3);
    expect(within(0, 60)).toBeLessThanOrEqual(5);
    expect(within(60, 600)).toBeLessThanOrEqual(12);
    await passes(3, [LAN, ...bridges]);
    expect(await told()).toEqual([LAN, ...bridges].sort());
  });

  it('holds up nothing about docker_gwbridge: that it comes and that it goes is told at once', async () => {
    const bridges = [BRIDGE, '172.21.0.0/16', '172.22.0.0/16'] as Cidr[];
    for (let n = 1; n <= 3; n++) await published([LAN, ...bridges.slice(0, n)]);
    const network = '172.18.0.0/16' as Cidr;
    const gwbridge = async () => {
      const entry = await store.get(`nodes/${SELF}`);
      return entry && parseNode(entry)?.gwbridge;
    };
    await publish([LAN, ...bridges, network], { hasGwbridge: true, gwbridgeNetworks: [network] });
    expect(await gwbridge()).toEqual([network]);
    await publish([LAN, ...bridges]);
    expect(await gwbridge()).toBeUndefined();
  });

  it('is gathered elsewhere, and told within some minutes', async () => {
    await publish([LAN, PUBLIC]);
    await passes(0.5, [LAN, PUBLIC]);
    expect(store.commits).toEqual([]);
    await passes(3, [LAN, PUBLIC]);
    expect(store.commits).toHaveLength(1);
    expect(await told()).toEqual([LAN, PUBLIC]);
  });

  it('is not told at all of what comes and goes meanwhile', async () => {
    await publish([LAN, BRIDGE]);
    await passes(5, [LAN]);
    expect(store.commits).toEqual([]);
    await publish([LAN, BRIDGE]);
    expect(store.commits).toEqual([]);
  });

  it('is told with whatever else changes', async () => {
    await publish([LAN, BRIDGE], { underlayMtu: 9000 });
    expect(await told()).toEqual([BRIDGE, LAN]);
    await publish([LAN], { underlayMtu: 1500 });
    expect(await told()).toEqual([LAN]);
  });

  it('lacks a route that went after a long while: until then its range is only left free', async () => {
    await publish([]);
    await passes(9, []);
    expect(store.commits).toEqual([]);
    await passes(15, []);
    expect([store.commits.length, await told()]).toEqual([1, []]);
  });

  it('is told again when the store did not take it', async () => {
    store.fail();
    await expect(publish([LAN, '10.9.0.0/24' as Cidr])).rejects.toThrow();
    store.recover();
    await publish([LAN, '10.9.0.0/24' as Cidr]);
    expect(await told()).toEqual(['10.9.0.0/24', LAN]);
  });
});
