import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cidr, EndpointId, Ip, Mac } from '../../../../src/model/values/types.js';
import { FakeStore } from '../../../fakes/store.js';
import { hexId, makeHost, POOL } from '../host.js';

type Host = Awaited<ReturnType<typeof makeHost>>;

let store: FakeStore;
let one: Host;
let two: Host;

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

describe('addresses', () => {
  it('are given out cluster-wide, lowest first, and reused last once released', async () => {
    const network = await one.createNetwork(1);
    const a = await one.run(10, network);
    const b = await two.run(11, network);
    expect([a.address, b.address]).toEqual(['172.16.1.1/24', '172.16.1.2/24']);
    await one.rm(network, a);
    expect((await two.run(12, network)).address).toBe('172.16.1.3/24');
  });

  it('are given out on a network that this host has not seen yet', async () => {
    await one.createNetwork(1);
    const third = await makeHost(store, '10.0.0.62');
    vi.spyOn(third.view, 'current', 'get').mockReturnValue({ ...third.view.current, networks: new Map() });
    expect(await third.ipam.requestAddress(POOL, '')).toBe('172.16.1.1/24');
    expect(await third.ipam.requestAddress(POOL, '172.16.1.9')).toBe('172.16.1.9/24');
    third.stop();
  });

  it('are lowest first on a network that takes the place of one with the same subnet, whatever that has just released', async () => {
    const before = await one.createNetwork(1);
    const [a, b] = [await one.run(10, before), await two.run(11, before)];
    await one.rm(before, a);
    await two.rm(before, b);
    await one.networks.remove(before);
    const network = await one.createNetwork(2);
    for (const host of [one, two]) await host.networksSeen(network);
    const again = [await one.run(12, network), await two.run(13, network), await one.run(14, network)];
    expect(again.map(({ address }) => address)).toEqual(['172.16.1.1/24', '172.16.1.2/24', '172.16.1.3/24']);
  });

  it('that were released are first again after a short while', async () => {
    const network = await one.createNetwork(1);
    vi.useFakeTimers();
    await one.rm(network, await one.run(10, network));
    await vi.advanceTimersByTimeAsync(10_001);
    vi.useRealTimers();
    expect(await store.keys('released/')).toEqual([]);
    expect((await two.run(12, network)).address).toBe('172.16.1.1/24');
  });

  it('that were released are used at once by who names them, or when there is no other', async () => {
    const small = '10.9.0.0/30' as Cidr;
    const network = await one.createNetwork(1, small);
    await one.rm(network, await one.run(10, network, '', small), small);
    expect((await two.run(11, network, '10.9.0.1', small)).address).toBe('10.9.0.1/30');
    await two.rm(network, await two.run(12, network, '', small), small);
    expect((await one.run(13, network, '', small)).address).toBe('10.9.0.2/30');
    expect(await store.keys('released/')).toEqual([]);
  });

  it('come from the next subnet of the network when the first is full, and go back there', async () => {
    const [small, large] = ['10.9.0.0/30', '10.9.1.0/24'] as Cidr[];
    const network = await one.createNetwork(1, small, 'cluster', [large as Cidr]);
    for (const n of [10, 11]) await one.run(n, network, '', small);
    const third = await one.run(12, network, '', small);
    expect(third.address).toBe('10.9.1.1/24');
    await one.rm(network, third, small);
    expect(await store.keys('addresses/10.9.1.0-24/')).toEqual([]);
  });

  it('that stand for a whole subnet are refused', async () => {
    const network = await one.createNetwork(1);
    await expect(one.run(10, network, '172.16.1.255')).rejects.toThrow('address 172.16.1.255 stands for the whole');
  });

  it('are never given twice, however many ask at once', async () => {
    const network = await one.createNetwork(1);
    const all = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? one : two).run(100 + i, network)));
    expect(new Set(all.map((e) => e.address)).size).toBe(40);
  });

  it('that somebody holds are refused with who it is', async () => {
    const network = await one.createNetwork(1);
    const { id } = await one.run(10, network, '172.16.1.9');
    await two.run(13, network);
    await one.endpoints.describe(network, id, { names: ['db'] });
    await two.view.look(network, one.self, 1_000);
    await expect(two.run(11, network, '172.16.1.9')).rejects.toThrow(
      'address 172.16.1.9 is already held by container db on host docker-10.0.0.60',
    );
    await expect(two.run(11, network, '172.17.0.1')).rejects.toThrow('lies outside of the subnet 172.16.1.0/24');
  });

  it('of an endpoint that a power loss took away go to its successor on the same host, not to another', async () => {
    const network = await one.createNetwork(1);
    await one.run(10, network, '172.16.1.9');
    await expect(two.run(11, network, '172.16.1.9')).rejects.toThrow('is already held');
    const reborn = await makeHost(store, '10.0.0.60');
    expect((await reborn.run(12, network, '172.16.1.9')).address).toBe('172.16.1.9/24');
    reborn.stop();
  });

  it('survive a repeated release that comes late', async () => {
    const network = await one.createNetwork(1);
    const a = await one.run(10, network);
    await one.rm(network, a);
    await one.run(11, network, '172.16.1.1');
    await one.ipam.release(POOL, '172.16.1.1' as Ip);
    expect(await store.get('addresses/172.16.1.0-24/172.16.1.1')).toBeDefined();
  });

  it('run out with one sentence', async () => {
    const small = '10.9.0.0/30' as Cidr;
    const network = await one.createNetwork(1, small);
    await one.run(10, network, '', small);
    await one.run(11, network, '', small);
    await expect(one.run(12, network, '', small)).rejects.toThrow('no address is free in 10.9.0.0/30');
  });

  it('that the engine chose are claimed, and a clash names the cure', async () => {
    const network = await one.createNetwork(1, POOL, 'engine');
    const elsewhere = await two.run(20, network);
    expect(elsewhere.address).toBe('172.16.1.254/24');
    const chosen = {
      id: hexId(10) as never,
      network,
      addresses: ['172.16.1.254/24' as Cidr],
      mac: '02:42:ac:10:01:fe' as never,
    };
    await expect(one.endpoints.create({ ...chosen, leased: false })).rejects.toThrow('--ipam-driver tsoverlay');
  });

  it('keep their order for a host whose view is late', async () => {
    const network = await one.createNetwork(1);
    await two.run(9, network, '172.16.1.99');
    const late = { ...two.view.current };
    await one.run(10, network);
    vi.spyOn(two.view, 'current', 'get').mockReturnValue(late);
    expect((await two.run(11, network)).address).toBe('172.16.1.2/24');
  });

  it('cost one write and no question once the network is seen', async () => {
    const network = await one.createNetwork(1);
    await one.run(10, network);
    await one.view.ready(1_000);
    const keys = vi.spyOn(store, 'keys');
    store.commits.length = 0;
    await one.ipam.requestAddress(POOL, '');
    expect([store.commits.length, keys.mock.calls.length]).toEqual([1, 0]);
  });

  it('that are seen in use are not offered, whatever the store has', async () => {
    const network = await one.createNetwork(1);
    await one.run(10, network);
    await one.view.ready(1_000);
    await store.commit([{ verb: 'deleteTree', prefix: 'addresses/' }]);
    expect(await one.ipam.requestAddress(POOL, '')).toBe('172.16.1.2/24');
  });

  it('are not given out of a store that was wiped, before it is known', async () => {
    await one.createNetwork(1);
    await store.commit([{ verb: 'delete', key: 'cluster' }]);
    const now = performance.now.bind(performance);
    let calls = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 1_000 * calls++);
    await expect(one.ipam.requestAddress(POOL, '')).rejects.toThrow('the store was wiped or replaced');
    expect(await store.keys('addresses/')).toEqual([]);
  });
});

describe('the leases of an old process', () => {
  beforeEach(() => {
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
  });

  it('are not freed between their commit and its answer', async () => {
    const network = await one.createNetwork(1);
    const commit = store.commit.bind(store);
    let freed = 0;
    vi.spyOn(store, 'commit').mockImplementation(async (ops) => {
      const done = await commit(ops);
      if (ops[0]?.verb === 'create' && ops[0].key.startsWith('addresses/'))
        freed += await one.endpointLeases.reap(network, new Set());
      return done;
    });
    await one.run(10, network);
    expect(freed).toBe(0);
  });

  it('are not freed under an endpoint that comes while they are looked through', async () => {
    const network = await one.createNetwork(1, POOL, 'engine');
    const list = store.list.bind(store);
    const chosen = { id: hexId(10) as EndpointId, network, addresses: ['172.16.1.1/24' as Cidr], leased: false };
    vi.spyOn(store, 'list').mockImplementationOnce(async (prefix) => {
      await one.endpoints.create({ ...chosen, mac: '02:42:ac:10:01:01' as Mac });
      return list(prefix);
    });
    expect(await one.endpointLeases.reap(network, new Set())).toBe(0);
  });
});
