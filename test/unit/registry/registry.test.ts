import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreError } from '../../../src/errors.js';
import { keys } from '../../../src/model/values/names.js';
import type { Cidr, NetworkId } from '../../../src/model/values/types.js';
import { formatNode } from '../../../src/store/records/records.js';
import { FakeStore } from '../../fakes/store.js';
import { nodeOf } from '../nodes.js';
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
      'nodes/10.0.0.62': formatNode(nodeOf('10.0.0.62', { routes: ['10.0.1.0/24' as Cidr] })),
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

  it('are not removed by who may not read their endpoints, of which lists say nothing then', async () => {
    const network = await one.createNetwork(1);
    await two.networksSeen(network);
    await one.run(10, network);
    const { get, list } = store;
    const isHidden = (key: string) => key.startsWith(keys.endpoints(network));
    store.list = async (prefix) => (isHidden(prefix) ? { entries: [], index: 0 } : list.call(store, prefix));
    store.get = async (key) => {
      if (isHidden(key)) throw new StoreError('Consul refused the request (403: Permission denied)', false);
      return get.call(store, key);
    };
    await expect(two.networks.remove(network)).rejects.toThrow('403');
    expect(JSON.parse((await store.get(keys.network(network)))?.value ?? '{}')).toMatchObject({ deleting: false });
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
    await one.view.look(network, two.self, 1_000);
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
    expect((await store.get(keys.endpoint(network, one.self, id)))?.value).not.toContain('thief');
    await one.rm(network, { id, address });
    await one.endpoints.describe(network, id, { names: ['ghost'] });
    expect(await keysBelow('endpoints/')).toEqual([]);
  });

  it('have the last names, also when these are those that this host still sees', async () => {
    const network = await one.createNetwork(1);
    const { id } = await one.run(10, network);
    await one.endpoints.describe(network, id, { names: ['web'] });
    await vi.waitFor(() => expect(one.view.current.endpoints.get(network)?.get(id)?.names).toEqual(['web']));
    // News take their time, where the view is just being read anew even those of one's own.
    vi.spyOn(one.view, 'ownWrites').mockReturnValue(undefined);
    const list = store.list.bind(store);
    store.list = async (prefix) => {
      await sleep(50);
      return list(prefix);
    };
    await one.endpoints.describe(network, id, { names: ['other'] });
    expect(one.view.current.endpoints.get(network)?.get(id)?.names).toEqual(['web']);
    await one.endpoints.describe(network, id, { names: ['web'] });
    expect((await store.get(keys.endpoint(network, one.self, id)))?.value).toContain('"web"');
    // And none of this is asked again once it is seen.
    await sleep(300);
    const get = vi.spyOn(store, 'get');
    await one.endpoints.describe(network, id, { names: ['web'] });
    expect(get).not.toHaveBeenCalled();
  });

  it('are created once when the call is repeated', async () => {
    const network = await one.createNetwork(1);
    const { id, address } = await one.run(10, network);
    await one.endpoints.create({ id, network, addresses: [address], mac: '02:42:ac:10:01:01' as never, leased: true });
    expect(await keysBelow('endpoints/', 'addresses/')).toHaveLength(2);
  });
});

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

describe('a store that is away', () => {
  it('is waited for, and then the call goes through', async () => {
    store.fail();
    setTimeout(() => store.recover(), 150);
    await one.createNetwork(1);
    expect(await store.keys('networks/')).toEqual([`networks/${hexId(1) as NetworkId}`]);
  });
});
