/** A large network in a real kernel: what one more endpoint costs, and that what somebody breaks is mended all the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Log } from '../../src/health/events.js';
import { UNMEASURED } from '../../src/health/measures.js';
import { NOBODY } from '../../src/health/row.js';
import { Rtnetlink } from '../../src/kernel/netlink/rtnetlink.js';
import type { Cidr, Cluster, Endpoint, EndpointId, Mac, NetworkId, NodeAddress } from '../../src/model/values/types.js';
import { HostPass } from '../../src/reconcile/host/host-pass.js';
import { Peers } from '../../src/registry/endpoints/peers.js';
import { LocalEndpoints } from '../../src/registry/local/local-endpoints.js';
import type { Membership } from '../../src/registry/local/membership.js';
import { ownIn } from '../../src/registry/local/own.js';
import type { ClusterView } from '../../src/store/view/cluster-view.js';
import { idOf, livingNode } from '../unit/nodes.js';
import { Bench, type Host, NETWORK, run } from './bench.js';

const SELF = '10.0.0.1' as NodeAddress;
const ID = NETWORK as NetworkId;
const COUNT = 2_000;

const make = (n: number, node: string): Endpoint => {
  const [high, low] = [1 + (n >> 8), n & 255];
  const hex = (byte: number) => byte.toString(16).padStart(2, '0');
  return {
    id: n.toString(16).padStart(8, '0').padEnd(64, 'e') as EndpointId,
    network: ID,
    node: idOf(node),
    addresses: [`172.16.${high}.${low}/16` as Cidr],
    mac: `02:42:ac:10:${hex(high)}:${hex(low)}` as Mac,
    ...{ names: [`c${n}`], container: '', created: 0, index: n, born: n },
  };
};
const nodeOf = (n: number) => `10.0.0.${2 + (n % 99)}`;

let bench: Bench;
let host: Host;
let pass: HostPass;
let warn: ReturnType<typeof vi.fn>;
let endpoints: ReadonlyMap<EndpointId, Endpoint>;
const view = { current: undefined as unknown as Cluster, confirmed: true, onChange: () => () => {} };
const look = (next: ReadonlyMap<EndpointId, Endpoint>): Promise<void> => {
  endpoints = next;
  view.current = { ...view.current, endpoints: new Map([[ID, endpoints]]) };
  return pass.settled(ID, 30_000);
};

beforeEach(async () => {
  bench = new Bench();
  host = bench.host('host');
  warn = vi.fn();
  const nodes = [SELF, ...Array.from({ length: 99 }, (_, n) => nodeOf(n))];
  const subnets = [{ pool: '172.16.0.0/16' as Cidr, gateway: '172.16.255.254/16' as Cidr, aux: {}, vni: 256 }];
  const record = {
    id: ID,
    subnets,
    internal: false,
    ipv6: false,
    options: {},
    ipam: 'cluster',
    creator: idOf(SELF),
  } as const;
  view.current = {
    nodes: new Map(nodes.map((address) => [idOf(address), livingNode(address)])),
    networks: new Map([[ID, { ...record, deleting: false, index: 1 }]]),
    endpoints: new Map(),
    unreadable: new Set(),
    complete: true,
  };
  const local = new LocalEndpoints();
  const cluster = view as unknown as ClusterView;
  const membership = { networks: new Set([ID]), own: () => ownIn(endpoints, idOf(SELF)) } as unknown as Membership;
  const peers = new Peers({
    view: cluster,
    self: idOf(SELF),
    local,
    leases: { holder: async () => undefined },
  });
  const log = { warn, debug: () => {}, error: warn } as unknown as Log;
  const self = {
    ...{ id: idOf(SELF), address: SELF, port: 4789, mtu: () => 1500, meshVteps: new Map() },
    acceleration: () => 'off' as const,
  };
  const tenure = { prunes: true, refusal: undefined };
  pass = new HostPass({
    kernel: host.kernel,
    view: cluster,
    local,
    membership,
    peers,
    self,
    tenure,
    log,
    meter: UNMEASURED,
    rows: NOBODY,
  });
  pass.open();
  const all = Array.from({ length: COUNT }, (_, n) => make(n, n === 0 ? SELF : nodeOf(n)));
  local.join(make(0, SELF).id, '/var/run/docker/netns/000000000000');
  await look(new Map(all.map((e) => [e.id, e])));
  // The link was seen now, so that nothing more is waited for.
  await look(endpoints);
  await sleep(100);
});
afterEach(() => {
  vi.restoreAllMocks();
  void pass.stop();
  bench.close();
});

const entries = () => ({
  neighbours: run(host.inside, 'ip', 'neigh', 'show', 'dev', 'vxlan0', 'nud', 'permanent').trim().split('\n').length,
  vteps: run(host.inside, 'bridge', 'fdb', 'show', 'dev', 'vxlan0')
    .split('\n')
    .filter((l) => l.includes(' dst ')).length,
});

test('one more endpoint costs a handful of messages and no dump, and one less the same', async () => {
  expect(entries()).toEqual({ neighbours: COUNT - 1, vteps: COUNT - 1 });
  const [dumps, batches, single] = [
    vi.spyOn(Rtnetlink.prototype, 'dump'),
    vi.spyOn(Rtnetlink.prototype, 'all'),
    vi.spyOn(Rtnetlink.prototype, 'get'),
  ];
  const more = make(COUNT, nodeOf(COUNT));
  await look(new Map(endpoints).set(more.id, more));
  expect(entries()).toEqual({ neighbours: COUNT, vteps: COUNT });
  const less = new Map(endpoints);
  less.delete(make(7, nodeOf(7)).id);
  await look(less);
  expect(entries()).toEqual({ neighbours: COUNT - 1, vteps: COUNT - 1 });
  expect(dumps).not.toHaveBeenCalled();
  expect(batches.mock.calls.map(([requests]) => requests.length)).toEqual([3, 3]);
  // The link is found once.
  expect(single.mock.calls.length).toBeLessThanOrEqual(1);
  // What we do ourselves is nobody's damage.
  await sleep(100);
  expect(dumps).not.toHaveBeenCalled();
  expect(warn).not.toHaveBeenCalled();
});

test('many at once go together', async () => {
  const batches = vi.spyOn(Rtnetlink.prototype, 'all');
  const next = new Map(endpoints);
  for (let n = COUNT; n < COUNT + 300; n++) next.set(make(n, nodeOf(n)).id, make(n, nodeOf(n)));
  await look(next);
  expect(entries()).toEqual({ neighbours: COUNT + 299, vteps: COUNT + 299 });
  expect(batches.mock.calls.length).toBeLessThanOrEqual(20);
});

test('what somebody breaks is mended, told, and does not hide behind news', async () => {
  const { mac, addresses } = make(9, nodeOf(9));
  const ip = addresses[0]?.replace('/16', '') ?? '';
  run(host.inside, 'ip', 'neigh', 'delete', ip, 'dev', 'vxlan0');
  run(host.inside, 'bridge', 'fdb', 'delete', mac, 'dev', 'vxlan0', 'dst', nodeOf(9), 'self');
  const more = make(COUNT, nodeOf(COUNT));
  await look(new Map(endpoints).set(more.id, more));
  await expect.poll(entries, { timeout: 5_000 }).toEqual({ neighbours: COUNT, vteps: COUNT });
  const kinds = () => warn.mock.calls.map(([step]) => step.kind).sort();
  await expect.poll(kinds, { timeout: 5_000 }).toEqual(['replaceFdb', 'replaceNeighbour']);

  run(host.inside, 'ip', 'link', 'delete', 'vxlan0');
  await expect.poll(entries, { timeout: 20_000 }).toEqual({ neighbours: COUNT, vteps: COUNT });
});

test('a batch has an error for each, and goes on behind one that failed', async () => {
  const peer = (n: number) => ({
    kind: 'replaceNeighbour',
    link: 'vxlan0',
    ip: make(n, SELF).addresses[0]?.split('/')[0],
  });
  const steps = Array.from({ length: 130 }, (_, n) => ({
    ...peer(3_000 + n),
    mac: make(n, SELF).mac,
    ...(n % 10 === 3 ? { link: 'gone0' } : {}),
  }));
  const ended = await Promise.allSettled(steps.map((step) => host.apply(step as never)));
  const failed = ended.flatMap((e, n) => (e.status === 'rejected' ? [[n % 10, e.reason.code]] : []));
  expect(failed).toEqual(Array(13).fill([3, 'ENODEV']));
  // Errors by the kernel itself: an FDB of a bridge that has no such entry any more is no success for all of its kind.
  const wrong = await Promise.allSettled(
    Array.from({ length: 100 }, (_, n) =>
      host.apply({
        kind: n % 2 ? 'replaceStatic' : 'replaceNeighbour',
        link: n % 2 ? 'lo' : 'vxlan0',
        ip: '172.16.250.1',
        mac: '02:00:00:00:00:01',
      } as never),
    ),
  );
  expect(wrong.filter((e) => e.status === 'rejected')).toHaveLength(50);
});
