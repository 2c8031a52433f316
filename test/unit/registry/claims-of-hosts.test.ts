/** MACs, names and pools that two hosts want at once, or that one left behind. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ipOf } from '../../../src/model/values/address.js';
import { keys } from '../../../src/model/values/names.js';
import type { Cidr, EndpointId, Mac } from '../../../src/model/values/types.js';
import { Macs } from '../../../src/registry/endpoints/macs.js';
import { FakeStore } from '../../fakes/store.js';
import { hexId, makeHost, POOL } from './host.js';

const MAC = '02:aa:00:00:00:07' as Mac;

let store: FakeStore;
let one: Awaited<ReturnType<typeof makeHost>>;
let two: Awaited<ReturnType<typeof makeHost>>;
beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  two = await makeHost(store, '10.0.0.61');
});
afterEach(() => {
  vi.restoreAllMocks();
  one.stop();
  two.stop();
});

it('of two hosts that give the same MAC at once one is refused', async () => {
  const network = await one.createNetwork(1);
  await two.networksSeen(network);
  const macs = new Map([one, two].map((host) => [host, new Macs(store, host.view)]));
  const attach = async (host: typeof one, n: number) => {
    const id = hexId(n) as EndpointId;
    await macs.get(host)?.check(network, MAC, id);
    const address = await host.ipam.requestAddress(POOL, '');
    await host.endpoints.create({ id, network, addresses: [address], mac: MAC, leased: true });
    await host.endpoints.tell(network);
    await macs.get(host)?.confirm(network, MAC, id);
    return ipOf(address);
  };
  const ends = await Promise.allSettled([attach(one, 7), attach(two, 8)]);
  expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(ends.find((e) => e.status === 'rejected')?.reason.message).toMatch(
    /^MAC address 02:aa:00:00:00:07 is already/,
  );
});

it.each(['a//b', '../x', 'a/..', '/', 'x/', './y', '~z'])(
  'the name %s is announced under a key that no server cleans',
  async (name) => {
    const id = await one.createNetwork(1);
    expect(await one.networks.announce(id, { name, labels: {}, attachable: false }, new Map())).toBe(id);
    await vi.waitFor(() => expect(two.view.current.networks.get(id)?.announced?.name).toBe(name));
    expect(await store.keys('names/')).toEqual([keys.name(name)]);
    expect(keys.name(name)).toMatch(/^names\/~[0-9a-f]+$/);
    await one.networks.remove(id);
    expect(await store.keys('names/')).toEqual([]);
  },
);

it('other names stay under their own', () => {
  expect(['shop_app', 'a/b', 'a..b', 'ü'].map(keys.name)).toEqual([
    'names/shop_app',
    'names/a/b',
    'names/a..b',
    'names/ü',
  ]);
});

it('a pool that no network took up is free again after a minute, of this process and of one before it', async () => {
  await one.pools.claim(POOL, undefined);
  await one.createNetwork(2, '172.16.3.0/24' as Cidr);
  await two.pools.claim('172.16.4.0/24' as Cidr, undefined);
  expect(await one.pools.reap(true)).toBe(0);
  const now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now + 61_000);
  expect(await one.pools.reap(false)).toBe(1);
  expect(await store.keys('pools/')).toEqual([keys.pool('172.16.3.0/24'), keys.pool('172.16.4.0/24')]);
  const later = await makeHost(store, '10.0.0.61');
  expect(await later.pools.reap(true)).toBe(1);
  expect(await store.keys('pools/')).toEqual([keys.pool('172.16.3.0/24')]);
  later.stop();
});
