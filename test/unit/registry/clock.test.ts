/** The wall clock may be put forward or back by hours: nothing that is being made looks old, nor young for ever. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ipOf } from '../../../src/model/values/address.js';
import type { Cidr, NetworkId } from '../../../src/model/values/types.js';
import { FakeStore } from '../../fakes/store.js';
import { makeHost, POOL } from './host.js';

const HOURS = 3_600_000;
let store: FakeStore;
let host: Awaited<ReturnType<typeof makeHost>>;
let network: NetworkId;
beforeEach(async () => {
  store = new FakeStore();
  host = await makeHost(store, '10.0.0.60');
  network = await host.createNetwork(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  host.stop();
});

/** Only what people set. */
const jump = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
/** Only what nobody sets. */
const wait = (ms: number) => {
  const now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now + ms);
};

describe.each([
  ['forward', 5 * HOURS],
  ['back', -5 * HOURS],
])('a jump %s', (_, ms) => {
  it('leaves a lease that was given out just now, and frees it in time', async () => {
    const address = await host.ipam.requestAddress(POOL, '');
    jump(ms);
    expect(await host.endpointLeases.reap(network, new Set())).toBe(0);
    await expect(host.ipam.requestAddress(POOL, ipOf(address))).rejects.toThrow('is already held by');
    wait(31_000);
    expect(await host.endpointLeases.reap(network, new Set())).toBe(1);
  });

  it('leaves a claim that was made just now, and frees it in time', async () => {
    const [large, small] = ['10.9.0.0/16', '10.9.1.0/24'] as [Cidr, Cidr];
    await host.pools.claim(large, undefined);
    jump(ms);
    await expect(host.pools.claim(small, undefined)).rejects.toThrow('overlaps 10.9.0.0/16');
    wait(61_000);
    await host.pools.claim(small, undefined);
    expect(await store.keys('pools/10.9')).toEqual(['pools/10.9.1.0-24']);
  });
});

it('a lease that an earlier process left is anew the address of who names it', async () => {
  const address = await host.ipam.requestAddress(POOL, '172.16.1.9');
  host.stop();
  host = await makeHost(store, '10.0.0.60');
  expect(await host.ipam.requestAddress(POOL, '172.16.1.9')).toBe(address);
});
