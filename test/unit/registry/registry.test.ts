import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cidr, Ip, NetworkId } from '../../../src/model/types.js';
import { FakeStore } from '../../fakes/store.js';
import { hexId, makeHost, POOL, V4 } from './host.js';

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
  one.stop();
  two.stop();
});

const keysBelow = async (...prefixes: string[]) => (await Promise.all(prefixes.map((p) => store.keys(p)))).flat();

describe('endpoints of a host that boots', () => {
  it('of a life before the boot are dead; those made since are not', async () => {
    const network = await one.createNetwork(1);
    await one.run(10, network);
    const reborn = await makeHost(store, '10.0.0.60');
    await reborn.run(11, network);
    expect(reborn.endpoints.dead().map((e) => e.id)).toEqual([hexId(10)]);
    expect(one.endpoints.dead().map((e) => e.id)).toEqual([hexId(11)]);
    reborn.stop();
  });
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
    await two.view.reached(`endpoints/${network}/`, (await store.list(`endpoints/${network}/`)).index, 1_000);
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
});

describe('pools', () => {
  it('that overlap are refused, also when two hosts claim them at the same moment', async () => {
    const claims = ['172.16.0.0/16', '172.16.1.0/24', '172.16.1.128/25', '172.16.0.0/15'].map((pool, i) =>
      (i % 2 ? one : two).pools.claim(pool as Cidr, undefined),
    );
    const results = await Promise.allSettled(claims);
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    expect(await store.keys('pools/')).toHaveLength(1);
  });

  it('of our choice avoid networks, hosts and their routes', async () => {
    store.put({
      'nodes/10.0.0.62': JSON.stringify({ version: 1, hostname: 'x', mtu: 1500, routes: ['10.0.1.0/24'] }),
    });
    await one.view.reached('nodes/', (await store.list('nodes/')).index, 1_000);
    expect(await one.pools.claimAny(V4)).toBe('10.0.2.0/24');
    expect(await two.pools.claimAny(V4)).toBe('10.0.3.0/24');
  });

  it('released before they became a network are free; those of a network go with it', async () => {
    await one.pools.claim(POOL, undefined);
    await one.pools.release(POOL);
    const network = await one.createNetwork(1);
    await one.pools.release(POOL);
    expect(await store.keys('pools/')).toHaveLength(1);
    await one.networks.remove(network);
    expect(await keysBelow('pools/', 'networks/', 'vnis/', 'addresses/')).toEqual([]);
  });

  it('that contain a host are refused', async () => {
    await expect(one.pools.claim('10.0.0.0/24' as Cidr, undefined)).rejects.toThrow(
      'subnet 10.0.0.0/24 contains 10.0.0.60, the address of host docker-10.0.0.60',
    );
  });

  it("that contain a host are taken where an engine's own IPAM would choose them by itself", async () => {
    await one.createNetwork(1, '10.0.0.0/24' as Cidr, 'engine');
    await expect(one.createNetwork(2, '10.0.0.0/16' as Cidr, 'engine')).rejects.toThrow('contains 10.0.0.60');
    await expect(two.createNetwork(3, '10.0.0.0/24' as Cidr, 'engine')).rejects.toThrow('overlaps 10.0.0.0/24');
  });
});

describe('networks', () => {
  it('get the lowest free VNI from 256, each its own', async () => {
    await Promise.all([one.createNetwork(1), two.createNetwork(2, '172.16.2.0/24' as Cidr)]);
    expect(await store.keys('vnis/')).toEqual(['vnis/256', 'vnis/257']);
  });

  it('keep their name from the second who wants it', async () => {
    const a = await one.createNetwork(1);
    const b = await two.createNetwork(2, '172.16.2.0/24' as Cidr);
    const announcement = { name: 'shared', labels: {}, attachable: false };
    expect(await one.networks.announce(a, announcement, new Map())).toBe(a);
    expect(await two.networks.announce(b, announcement, new Map())).toBe(a);
  });

  it('stay while another host has endpoints, and then go from anywhere', async () => {
    const network = await one.createNetwork(1);
    const user = await two.run(20, network);
    expect(await one.networks.remove(network)).toEqual({ removed: false, users: ['10.0.0.61'] });
    await two.rm(network, user);
    expect(await one.networks.remove(network)).toEqual({ removed: true });
    expect(await one.networks.remove(network)).toEqual({ removed: true });
  });

  it('that are being removed take no endpoint, whoever is faster', async () => {
    const network = await one.createNetwork(1);
    store.beforeCommit = async (ops) => {
      if (!ops.some((op) => 'key' in op && op.key.startsWith('endpoints/'))) return;
      store.beforeCommit = undefined;
      await one.networks.remove(network);
    };
    await expect(two.run(20, network)).rejects.toThrow('has been removed from the cluster');
    expect(await keysBelow('endpoints/')).toEqual([]);
  });
});

describe('endpoints', () => {
  it('leave nothing behind', async () => {
    const network = await one.createNetwork(1);
    for (const [host, n] of [
      [one, 10],
      [two, 20],
    ] as const)
      await host.rm(network, await host.run(n, network));
    expect(await keysBelow('endpoints/', 'addresses/')).toEqual([]);
  });

  it('mark their host as a member until it has been without any for a while', async () => {
    const network = await one.createNetwork(1);
    const a = await one.run(10, network);
    await one.view.reached(`endpoints/${network}/`, (await store.list('endpoints/')).index, 1_000);
    vi.useFakeTimers();
    await one.rm(network, a);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await keysBelow('members/')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await keysBelow('members/')).toEqual([]);
    vi.useRealTimers();
    await one.run(11, network);
    expect(await keysBelow('members/')).toHaveLength(1);
  });

  it('are described by their own node alone, and not after they are gone', async () => {
    const network = await one.createNetwork(1);
    const { id, address } = await one.run(10, network);
    await two.endpoints.describe(network, id, { names: ['thief'] });
    expect((await store.get(`endpoints/${network}/${id}`))?.value).not.toContain('thief');
    await one.rm(network, { id, address });
    await one.endpoints.describe(network, id, { names: ['ghost'] });
    expect(await keysBelow('endpoints/')).toEqual([]);
  });

  it('are created once when the call is repeated', async () => {
    const network = await one.createNetwork(1);
    const { id, address } = await one.run(10, network);
    await one.endpoints.create({ id, network, addresses: [address], mac: '02:42:ac:10:01:01' as never, leased: true });
    expect(await keysBelow('endpoints/', 'addresses/')).toHaveLength(2);
  });
});

describe('a store that is away', () => {
  it('is waited for, and then the call goes through', async () => {
    store.fail();
    setTimeout(() => store.recover(), 150);
    await one.createNetwork(1);
    expect(await store.keys('networks/')).toEqual([`networks/${hexId(1) as NetworkId}`]);
  });
});
