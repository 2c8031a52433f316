/** Records that are well formed and lie: about whose things are whose, who is a node, what runs where. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { networkOfNamespace, plan } from '../../../src/model/plan/plan.js';
import { keys, namespaceName } from '../../../src/model/values/names.js';
import type { Cidr, Endpoint, EndpointId, Mac, NetworkId, NodeAddress } from '../../../src/model/values/types.js';
import { Peers } from '../../../src/registry/endpoints/peers.js';
import { Claims } from '../../../src/registry/networks/claims.js';
import { Identity } from '../../../src/registry/nodes/identity.js';
import type { HostMemory } from '../../../src/store/data-dir/host-memory.js';
import {
  formatEndpoint,
  formatLease,
  formatNetwork,
  formatNode,
  formatPool,
} from '../../../src/store/records/records.js';
import { FakeStore } from '../../fakes/store.js';
import { selfOf } from '../model/fixtures.js';
import { idOf, nodeOf } from '../nodes.js';
import { hexId, makeHost, POOL } from './host.js';

const [ONE, TWO, STRANGER] = ['10.0.0.60', '10.0.0.61', '203.0.113.9'] as NodeAddress[] as [
  NodeAddress,
  NodeAddress,
  NodeAddress,
];
type Host = Awaited<ReturnType<typeof makeHost>>;
let store: FakeStore;
let one: Host;
let two: Host;
let shop: NetworkId;
beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, ONE);
  two = await makeHost(store, TWO);
  shop = await one.createNetwork(1);
  await one.networks.announce(shop, { name: 'shop', labels: {}, attachable: false }, new Map());
});
afterEach(() => {
  one.stop();
  two.stop();
});
const settle = () => new Promise(setImmediate);
const FORGED = 'f'.repeat(64) as NetworkId;

/** A network's record that claims all that shop has. */
const forgedNetwork = (change: object = {}) =>
  formatNetwork({
    id: FORGED,
    subnets: [{ pool: POOL, aux: {}, vni: 256 }],
    ...{ internal: false, ipv6: false, options: {}, ipam: 'cluster', creator: idOf(ONE), deleting: false },
    announced: { name: 'shop', labels: {}, attachable: false },
    ...change,
  });
const record = (host: Host, id = FORGED) => {
  const found = host.view.current.networks.get(id);
  if (found === undefined) throw new Error('not seen');
  return found;
};

describe('a network that claims what another one has', () => {
  it('takes nothing of it along when it goes', async () => {
    const { id } = await one.run(10, shop);
    const before = (await store.list('')).entries.map((e) => e.key);
    store.forge({ [keys.network(FORGED)]: forgedNetwork({ deleting: true }) });
    await settle();
    expect(await two.networks.remove(FORGED)).toEqual({ removed: true });
    expect((await store.list('')).entries.map((e) => e.key)).toEqual(before);
    expect(one.view.current.endpoints.get(shop)?.has(id)).toBe(true);
  });

  it('not even when somebody wrote its id over the claims', async () => {
    await one.run(10, shop);
    const claim = { cidr: POOL, node: idOf(ONE), network: FORGED, created: 1 };
    store.forge({
      [keys.network(FORGED)]: forgedNetwork({ deleting: true }),
      [keys.pool(POOL)]: formatPool(claim),
      [keys.vni(256)]: FORGED,
      [keys.name('shop')]: FORGED,
    });
    await settle();
    await two.networks.remove(FORGED);
    expect(await store.keys(keys.leases(POOL))).toHaveLength(1);
    expect(await store.get(keys.vni(256))).toBeDefined();
  });

  it.each([
    ['its subnet', {}, /subnet 172.16.1.0\/24 is that of network shop$/],
    [
      'a part of it',
      { subnets: [{ pool: '172.16.1.64/26', aux: {}, vni: 300 }] },
      /subnet .* is that of network shop$/,
    ],
    [
      'its VXLAN id',
      { subnets: [{ pool: '172.16.9.0/24', aux: {}, vni: 256 }] },
      /subnet 172.16.9.0\/24 is not its own/,
    ],
  ])('is not mirrored: %s', async (_, change, why) => {
    store.forge({ [keys.network(FORGED)]: forgedNetwork(change) });
    await settle();
    await expect(two.networks.check(record(two))).rejects.toThrow(why);
    await expect(two.networks.check(record(two, shop))).resolves.toBeUndefined();
  });

  it('is not mirrored although it brings claims of its own', async () => {
    const pool = '172.16.9.0/24' as Cidr;
    const claims = {
      [keys.pool(pool)]: formatPool({ cidr: pool, node: idOf(ONE), network: FORGED, created: 1 }),
      [keys.vni(300)]: FORGED,
      [keys.name('shop2')]: FORGED,
    };
    const subnets = (vni: number) => [{ pool, aux: {}, vni }];
    const named = (name: string) => ({ announced: { name, labels: {}, attachable: false } });
    const attempt = async (change: object) => {
      store.table.commit([{ verb: 'delete', key: keys.network(FORGED) }]);
      store.forge({ ...claims, [keys.network(FORGED)]: forgedNetwork(change) });
      await settle();
      return new Claims(store, two.view).check(record(two)).then(
        () => 'fine',
        (e: Error) => e.message,
      );
    };
    expect(await attempt({ subnets: subnets(256) })).toMatch(/VXLAN id 256 is that of network shop$/);
    expect(await attempt({ subnets: subnets(300) })).toMatch(/its name is that of network shop$/);
    expect(await attempt({ subnets: subnets(301), ...named('shop2') })).toMatch(/VXLAN id 301 is not its own/);
    expect(await attempt({ subnets: subnets(300), ...named('shop2') })).toBe('fine');
  });

  it('whose id begins like that of another one gets neither its namespace nor a mirror', async () => {
    const twin = `${shop.slice(0, 63)}0` as NetworkId;
    store.forge({ [keys.network(twin)]: forgedNetwork() });
    await settle();
    expect(namespaceName(twin)).toBe(namespaceName(shop));
    expect([...one.view.current.networks.keys()][0], 'it stands first').toBe(twin);
    expect(networkOfNamespace(one.view.current, namespaceName(shop))?.id).toBe(shop);
    await expect(two.networks.check(record(two, twin))).rejects.toThrow('its id begins like that of network shop');
  });

  it('hands out no addresses of it', async () => {
    const lower = hexId(0) as NetworkId;
    const subnet = { pool: POOL, range: '172.16.1.250/32', gateway: '172.16.1.66/24', aux: {}, vni: 300 };
    store.forge({ [keys.network(lower)]: forgedNetwork({ subnets: [subnet] }) });
    await settle();
    expect([...one.view.current.networks.keys()][0], 'it stands first').toBe(lower);
    expect((await one.run(10, shop)).address).toBe('172.16.1.1/24');
    expect([...one.membership.networks]).toEqual([shop]);
    await expect(one.ipam.requestGateway(POOL, '')).rejects.toThrow('the gateway of 172.16.1.0/24 is not set');
  });

  it('or of which only the key is there hides none', async () => {
    store.forge({ [`${keys.network(shop).slice(0, -1)}x`]: 'garbage', [`networks/${hexId(7)}/x`]: 'garbage' });
    await settle();
    expect(one.view.current.unreadable.size).toBe(0);
  });
});

it('a network that somebody marked as going stays while endpoints of this host live on it', async () => {
  await one.run(10, shop);
  const entry = await store.get(keys.network(shop));
  store.forge({ [keys.network(shop)]: entry?.value.replace('"deleting":false', '"deleting":true') ?? '' });
  expect(await one.networks.remove(shop, 'keep')).toEqual({ removed: false, users: [ONE] });
  await vi.waitFor(() => expect(one.view.current.networks.get(shop)?.deleting).toBe(false));
});

describe('a record that became another one under the same key', () => {
  it.each([
    ['other subnets', /"pool":"172.16.1.0\/24"/, '"pool":"172.16.7.0/24"'],
    ['another VXLAN id', /"vni":256/, '"vni":300'],
    ['another creator', /"creator":"[^"]+"/, `"creator":"${idOf(TWO)}"`],
    ['options', /"options":\{\}/, '"options":{"tsoverlay.multicast":"on"}'],
  ])('with %s counts as what it was, until its key is made anew', async (_, what, instead) => {
    const before = one.view.current.networks.get(shop);
    const value = (await store.get(keys.network(shop)))?.value.replace(what, instead) ?? '';
    expect(value).toContain(instead);
    store.forge({ [keys.network(shop)]: value });
    await settle();
    expect(one.view.current.networks.get(shop)).toBe(before);
    store.table.commit([{ verb: 'delete', key: keys.network(shop) }]);
    store.table.commit([{ verb: 'create', key: keys.network(shop), value }]);
    await settle();
    expect(one.view.current.networks.get(shop)).not.toEqual(before);
  });

  it('an endpoint stays where it is and keeps its MAC', async () => {
    const { id } = await one.run(10, shop);
    await settle();
    const key = keys.endpoint(shop, one.self, id);
    const value = (await store.get(key))?.value ?? '';
    for (const forged of [
      value.replace(ONE, TWO),
      value.replace('02:42', '02:43'),
      value.replace('.1.1/24', '.1.2/24'),
    ]) {
      store.forge({ [key]: forged });
      await settle();
      expect(one.view.current.endpoints.get(shop)?.get(id)).toMatchObject({
        node: idOf(ONE),
        addresses: ['172.16.1.1/24'],
      });
    }
    store.forge({ [key]: value });
    await settle();
    await one.endpoints.describe(shop, id, { names: ['web', '', '\u202e', 'x'.repeat(300)] });
    await settle();
    expect(one.view.current.endpoints.get(shop)?.get(id)).toMatchObject({ names: ['web'] });
  });
});

it('a pool that no network can have is claimed by nobody, and keeps nobody from his own', async () => {
  store.forge({ [keys.pool('0.0.0.0/1')]: 'x', [keys.pool('10.0.0.0/7')]: 'x', 'pools/..': 'x', 'vnis/../x': 'x' });
  await one.createNetwork(2, '10.9.0.0/24' as Cidr);
  for (const pool of ['0.0.0.0/1', '127.0.0.0/8', '169.254.0.0/24', '224.1.0.0/16', 'fe80::/64', '::/64', '8.0.0.0/7'])
    await expect(one.pools.claim(pool as Cidr, undefined), pool).rejects.toThrow(
      new RegExp(`^subnet ${pool} (is|contains|stands for) `),
    );
});

describe('a node that no session ever held', () => {
  const forged = formatNode(nodeOf(STRANGER, { routes: ['10.0.0.0/8' as Cidr] }));
  it('is none, and has no say in which pools are free', async () => {
    store.forge({ [keys.node(STRANGER)]: forged });
    await settle();
    expect([...one.view.current.nodes.keys()]).toEqual([one.self, two.self]);
    expect(await one.pools.claimAny([{ base: '10.0.0.0/8' as Cidr, size: 24 }])).toBe('10.0.1.0/24');
  });

  it('does not become one because somebody writes over a host that is away', async () => {
    store.forge({ [keys.node(TWO)]: formatNode(nodeOf(TWO, { hostname: 'evil' })) });
    await settle();
    expect(one.view.current.nodes.get(two.self)?.hostname, 'as it was last read').toBe(`docker-${TWO}`);
    store.table.commit([{ verb: 'delete', key: keys.node(TWO) }]);
    await settle();
    store.forge({ [keys.node(TWO)]: formatNode(nodeOf(TWO, { hostname: 'evil' })) });
    await settle();
    expect(one.view.current.nodes.has(two.self)).toBe(false);
  });
});

describe('Peers', () => {
  const told = vi.fn();
  let peers: Peers;
  const lease = vi.fn(async (): Promise<EndpointId | undefined> => undefined);
  const start = (host: Host) => {
    peers = new Peers({ ...host, leases: { holder: lease } });
    peers.onChange(told);
  };
  beforeEach(() => {
    told.mockClear();
    lease.mockReset();
  });
  afterEach(() => peers.stop());
  const names = () => [...peers.of(shop).keys()].sort();
  const forge = async (n: number, change: Partial<Endpoint>) => {
    const endpoint = {
      ...{ id: hexId(n) as EndpointId, network: shop, node: idOf(TWO), addresses: ['172.16.1.77/24' as Cidr] },
      ...{ mac: '02:42:00:00:00:77' as Mac, names: ['forged'], container: '', created: 1 },
      ...change,
    };
    store.forge({ [keys.endpoint(shop, endpoint.node, endpoint.id)]: formatEndpoint(endpoint) });
    await settle();
    return endpoint.id;
  };

  it('are those of nodes, and of this host what lives on it', async () => {
    start(one);
    const [here, there] = [await one.run(10, shop), await two.run(20, shop)];
    await settle();
    await forge(30, { node: idOf(STRANGER) });
    await forge(31, { node: idOf(ONE), addresses: ['172.16.1.78/24' as Cidr] });
    await forge(32, { addresses: ['172.16.1.0/24' as Cidr] });
    expect(names()).toEqual([here.id, there.id].sort());
    const within = peers.within(one.view.current, shop);
    const self = { ...selfOf(ONE), joined: new Set<EndpointId>(), sandboxes: new Map() };
    const wanted = plan(within, self, namespaceName(shop));
    expect(wanted?.ports.map((p) => p.endpoint)).toEqual([here.id]);
    expect(wanted?.peers.map((p) => p.vtep)).toEqual([TWO]);
    expect(peers.of(shop), 'the same while nothing changes').toBe(peers.of(shop));
  });

  it('this host plans nothing for a network of which it only is said to have an endpoint', async () => {
    start(two);
    await two.membership.using(shop, async () => undefined);
    await forge(31, { node: idOf(TWO) });
    const self = { ...selfOf(TWO), joined: new Set<EndpointId>(), sandboxes: new Map() };
    expect(plan(two.view.current, self, namespaceName(shop)), 'without Peers').toBeDefined();
    expect(plan(peers.within(two.view.current, shop), self, namespaceName(shop))).toBeUndefined();
  });

  it('of a node that has another address now are sent there, and the network is told', async () => {
    start(one);
    await one.run(10, shop);
    await two.run(20, shop);
    await settle();
    const self = { ...selfOf(ONE), joined: new Set<EndpointId>(), sandboxes: new Map() };
    const vteps = () => plan(peers.within(one.view.current, shop), self, namespaceName(shop))?.peers.map((p) => p.vtep);
    expect(vteps()).toEqual([TWO]);
    const moved = nodeOf('10.0.0.71', { id: two.self });
    await store.hold(keys.node(moved.address), formatNode(moved));
    store.table.commit([{ verb: 'delete', key: keys.node(TWO) }]);
    await vi.waitFor(() => expect(told.mock.calls).toContainEqual([shop]));
    expect(vteps()).toEqual([moved.address]);
    told.mockClear();
    await store.hold(keys.node(moved.address), formatNode({ ...moved, mtu: 9000 }));
    await settle();
    expect(told, 'what is nobody’s VTEP changes nothing').not.toHaveBeenCalled();
  });

  it('who holds the lease keeps its address, and the host is told to look again', async () => {
    start(two);
    await two.run(9, shop);
    const { id, address } = await one.run(10, shop);
    await settle();
    const usurper = await forge(5, { node: idOf(ONE), addresses: [address] });
    lease.mockResolvedValue(usurper);
    expect(
      names().filter((n) => n !== hexId(9)),
      'the older one, until the store has told',
    ).toEqual([id]);
    await vi.waitFor(() => expect(told).toHaveBeenCalledWith(shop));
    expect(names().filter((n) => n !== hexId(9))).toEqual([usurper]);
    expect(names(), 'for good').toEqual(names());
    expect(lease).toHaveBeenCalledTimes(1);
  });

  it('keeps those of a node for a while after its record is gone', async () => {
    start(one);
    await one.run(10, shop);
    const there = await two.run(20, shop);
    await settle();
    store.table.commit([{ verb: 'delete', key: keys.node(TWO) }]);
    await sleep(20);
    expect(names()).toContain(there.id);
  });
});

it('marks that are no networks make no watch, and there is a limit to those that are', async () => {
  const watched = vi.spyOn(store, 'watch');
  store.forge({
    [`members/${one.self}/../../x`]: '',
    [`members/${one.self}/`]: '',
    [`members/${one.self}/${hexId(5)}/x`]: '',
  });
  for (let i = 0; i < 1_100; i++) store.forge({ [keys.member(one.self, hexId(1_000 + i))]: '' });
  store.forge({ [keys.member(one.self, shop)]: '' });
  await one.membership.load();
  expect(watched.mock.calls.every(([prefix]) => /^endpoints\/[0-9a-f]{64}\/$/.test(prefix))).toBe(true);
  expect(one.membership.networks.size).toBe(1_024);
  expect(one.membership.networks.has(shop)).toBe(true);
});

it('a cluster id that is none tells stores apart all the same, and is kept nowhere', async () => {
  const remembered: string[] = [];
  const memory = { cluster: undefined, rememberCluster: (id: string) => remembered.push(id) } as unknown as HostMemory;
  const identity = new Identity(store, memory, 4789);
  store.forge({ [keys.cluster]: `\u001b[2J${'x'.repeat(500_000)}` });
  const forged = await identity.read();
  expect(forged).toMatch(/^[0-9a-f]{64}$/);
  store.forge({ [keys.cluster]: 'y'.repeat(500_000) });
  expect(await identity.read()).not.toBe(forged);
});

it('a cluster id that somebody wrote over keeps nobody from addresses for long', async () => {
  const doubted = vi.spyOn(one.view, 'suspect').mockImplementation(() => {
    // What the agent does: heals, which adopts the id that is there.
    void one.identity.read().then((id) => one.identity.adopt(id));
  });
  const value = (await store.get(keys.cluster))?.value ?? '';
  // As an import of a backup does it: the same, written anew.
  store.table.commit([{ verb: 'delete', key: keys.cluster }]);
  store.table.commit([{ verb: 'create', key: keys.cluster, value }]);
  expect((await one.run(10, shop)).address).toBe('172.16.1.1/24');
  expect(doubted).not.toHaveBeenCalled();
  store.forge({ [keys.cluster]: '\u001b[2J' });
  expect((await one.run(11, shop)).address).toMatch(/^172\.16\.1\.\d+\/24$/);
  expect(doubted).toHaveBeenCalled();
});

it('a lease or an id that names networks of nobody ends nothing', async () => {
  const value = formatLease({
    pool: POOL,
    address: '172.16.1.9' as never,
    node: idOf(ONE),
    kind: 'endpoint',
    created: 1,
  });
  store.forge({
    [keys.vni(256)]: hexId(77),
    [keys.vni(257)]: '\u0000',
    [keys.poolGuard]: 'x'.repeat(500_000),
    [keys.lease(POOL, '172.16.1.9')]: value,
    [keys.name('other')]: 'x'.repeat(500_000),
  });
  expect(await one.networks.announce(shop, { name: 'other', labels: {}, attachable: false }, new Map())).toBe(shop);
  const next = await one.createNetwork(2, '172.16.2.0/24' as Cidr);
  expect(record(one, next).subnets[0]?.vni).toBe(258);
  await one.run(10, shop);
});
