/**
 * News of endpoints cost what they change: the pass follows them without a look at the tables, and ends where a pass
 * ends that knows nothing and looks at everything.
 */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import type { Log } from '../../../../src/health/events.js';
import { UNMEASURED } from '../../../../src/health/measures.js';
import { NOBODY } from '../../../../src/health/row.js';
import type { HostKernel } from '../../../../src/model/ports/kernel-port.js';
import { macOf } from '../../../../src/model/values/mac.js';
import { namespaceName } from '../../../../src/model/values/names.js';
import type {
  Cidr,
  Cluster,
  Endpoint,
  EndpointId,
  Ip,
  Mac,
  Network,
  Node,
  NodeAddress,
  NodeId,
} from '../../../../src/model/values/types.js';
import { HostPass } from '../../../../src/reconcile/host/host-pass.js';
import { Peers } from '../../../../src/registry/endpoints/peers.js';
import { LocalEndpoints } from '../../../../src/registry/local/local-endpoints.js';
import type { Membership } from '../../../../src/registry/local/membership.js';
import { ownIn } from '../../../../src/registry/local/own.js';
import type { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { FakeKernel } from '../../../fakes/kernel.js';
import { endpointId, HOST1, network, networkId, selfOf } from '../../model/fixtures.js';
import { idOf, livingNode } from '../../nodes.js';

const NAME = namespaceName(networkId(1));
const NODES = Array.from({ length: 6 }, (_, i) => `10.0.0.${60 + i}` as NodeAddress);

const SELF = idOf(HOST1);

/** The same numbers for the same seed (a linear congruential generator). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class Host {
  readonly kernel = new FakeKernel();
  readonly local = new LocalEndpoints();
  readonly warn = vi.fn();
  readonly pass: HostPass;
  readonly peers: Peers;
  private readonly tenure = { prunes: true, refusal: undefined };
  private readonly listeners: (() => void)[] = [];
  private readonly view = {
    current: clusterOf(network(), new Map(), []),
    onChange: (listener: (_: Cluster, changed: object) => void) => {
      this.listeners.push(() => listener(this.view.current, { nodes: true }));
      return () => {};
    },
  };

  constructor() {
    const view = this.view as unknown as ClusterView;
    const membership = {
      networks: new Set([networkId(1)]),
      own: () => ownIn(this.view.current.endpoints.get(networkId(1)), SELF),
    } as unknown as Membership;
    this.peers = new Peers({
      view,
      self: SELF,
      local: this.local,
      leases: { holder: async () => undefined },
    });
    const log = { warn: this.warn, debug: () => {}, error: vi.fn() } as unknown as Log;
    const self = { ...selfOf(HOST1), mtu: () => 1500, acceleration: () => 'off' as const };
    const kernel = this.kernel as unknown as HostKernel;
    this.pass = new HostPass({
      ...{ kernel, view, membership, self, log, meter: UNMEASURED, rows: NOBODY },
      ...{ local: this.local, peers: this.peers, tenure: this.tenure },
    });
    this.pass.open();
  }

  async take(cluster: Cluster, prunes = true): Promise<void> {
    this.view.current = cluster;
    this.tenure.prunes = prunes;
    for (const listener of this.listeners) listener();
    await this.pass.settled(networkId(1), 2_000);
  }

  stop(): void {
    void this.pass.stop();
    this.peers.stop();
  }
}

const subnets: Network['subnets'] = [
  { pool: '172.16.0.0/16' as Cidr, gateway: '172.16.255.254/16' as Cidr, aux: {}, vni: 256 },
  { pool: '172.17.0.0/16' as Cidr, gateway: '172.17.255.254/16' as Cidr, aux: {}, vni: 257 },
  { pool: 'fd00::/64' as Cidr, gateway: 'fd00::ffff/64' as Cidr, aux: {}, vni: 256 },
];

/** Endpoint `n` at its `version`: one of either subnet, with and without IPv6, some with a MAC of their own. */
function make(n: number, version: number, host: NodeAddress): Endpoint {
  const [second, six] = [n % 5 === 0, n % 3 === 0];
  const ip = `172.${second ? 17 : 16}.${Math.floor(n / 250)}.${(n % 250) + 1}` as Ip;
  const addresses = [`${ip}/16`, ...(six && !second ? [`fd00::${(n + 1).toString(16)}/64`] : [])] as Cidr[];
  const mac =
    n % 7 === 0 ? (`02:00:00:00:0${version % 8}:${n.toString(16).padStart(2, '0').slice(-2)}` as Mac) : macOf(ip);
  const rest = { names: [`c${n}-${version}`], container: '', created: 0 };
  return {
    id: endpointId(n),
    network: networkId(1),
    node: idOf(host),
    addresses,
    mac,
    ...rest,
    index: version,
    born: version,
  };
}

const clusterOf = (
  of: Network,
  endpoints: ReadonlyMap<EndpointId, Endpoint>,
  nodes: readonly NodeAddress[],
  moved: ReadonlySet<NodeAddress> = new Set(),
): Cluster => ({
  nodes: new Map(
    nodes.map((host): [NodeId, Node] => {
      const address = moved.has(host) ? (`${host}9` as NodeAddress) : host;
      return [idOf(host), livingNode(host, { address })];
    }),
  ),
  networks: new Map([[of.id, of]]),
  endpoints: new Map([[of.id, endpoints]]),
  unreadable: new Set(),
  complete: true,
});

const SANDBOX = `/var/run/docker/netns/${'0'.repeat(12)}`;

/** A cluster to which anything may happen, and which of its endpoints live on this host. */
class World {
  net: Network;
  endpoints: ReadonlyMap<EndpointId, Endpoint>;
  nodes: readonly NodeAddress[] = NODES.slice(0, 3);
  /** Those that have another address than at first. */
  moved: ReadonlySet<NodeAddress> = new Set();
  private version = 2;

  constructor(
    options: Network['options'],
    private readonly roll: (below: number) => number,
    private readonly local: LocalEndpoints,
  ) {
    this.net = network({ subnets, options });
    // One lives here always: without any there is no namespace.
    const own = make(50, 1, HOST1);
    this.endpoints = new Map([[own.id, own]]);
    local.join(own.id, SANDBOX);
  }

  get cluster(): Cluster {
    return clusterOf(this.net, this.endpoints, this.nodes, this.moved);
  }

  change(): void {
    const next = new Map(this.endpoints);
    for (let k = this.roll(4); k >= 0; k--) this.changeOne(next);
    this.endpoints = next;
    if (this.roll(15) === 0) this.net = { ...this.net, index: this.version };
    // Those that are gone count for a while yet, which a new process does not know.
    if (this.roll(15) === 0) this.nodes = NODES.slice(0, this.nodes.length + 1);
    if (this.roll(10) === 0) this.moved = new Set(NODES.slice(1).filter(() => this.roll(2) === 0));
  }

  private changeOne(endpoints: Map<EndpointId, Endpoint>): void {
    const e = make(this.roll(40), this.version++, NODES[this.roll(10) === 0 ? 0 : 1 + this.roll(5)] ?? HOST1);
    const known = endpoints.get(e.id);
    if (known?.node === SELF) this.local.remove(known.id);
    const what = known === undefined ? 'come' : (['go', 'rename', 'come'] as const)[this.roll(3)];
    if (what === 'go') endpoints.delete(e.id);
    else endpoints.set(e.id, what === 'rename' && known ? { ...known, names: [`new${this.version}`] } : e);
    if (endpoints.get(e.id)?.node === SELF) this.local.join(e.id, SANDBOX);
  }
}

describe.each([
  ['plain', {}],
  ['antispoof', { 'tsoverlay.antispoof': 'on' }],
  ['multicast', { 'tsoverlay.multicast': 'on' }],
])('%s: random changes', (_, options) => {
  it.each([1, 2, 3, 4])('end as a full look ends (seed %i)', async (seed) => {
    const roll = dice(seed);
    const host = new Host();
    const world = new World(options, roll, host.local);
    for (let round = 0; round < 100; round++) {
      world.change();
      // Before all was read nothing is pruned, so that the last pass counts.
      await host.take(world.cluster, roll(12) > 0);
      await host.take(world.cluster);
      const fresh = new Host();
      for (const [id, { node }] of world.endpoints) if (node === SELF) fresh.local.join(id, SANDBOX);
      await fresh.take(world.cluster);
      // expect's own comparison takes as long as the passes; it words what differs.
      if (!isDeepStrictEqual(host.kernel.state, fresh.kernel.state))
        expect(host.kernel.state).toEqual(fresh.kernel.state);
      fresh.stop();
    }
    expect(host.kernel.looks.all).toBeLessThan(50);
    host.stop();
  });
});

describe('what others do costs', () => {
  const many = new Map(
    Array.from({ length: 2_000 }, (_, n) => make(n, 1, n === 50 ? HOST1 : (NODES[1 + (n % 5)] ?? HOST1))).map((e) => [
      e.id,
      e,
    ]),
  );

  it('the steps of what changed, and no look', async () => {
    const net = network({ subnets });
    const host = new Host();
    host.local.join(endpointId(50), SANDBOX);
    await host.take(clusterOf(net, many, NODES));
    await host.take(clusterOf(net, many, NODES));
    const looks = { ...host.kernel.looks };
    host.kernel.steps.length = 0;
    const e = make(2_001, 1, NODES[2] ?? HOST1);
    await host.take(clusterOf(net, new Map(many).set(e.id, e), NODES));
    const one = host.kernel.steps.map(({ kind }) => kind).sort();
    expect(one).toEqual(['replaceFdb', 'replaceNeighbour', 'replaceNeighbour', 'replaceStatic']);
    await host.take(clusterOf(net, new Map(many).set(e.id, { ...e, names: ['another'] }), NODES));
    expect(host.kernel.steps).toHaveLength(4);
    await host.take(clusterOf(net, many, NODES));
    expect(host.kernel.steps.slice(4).every((step) => step.prune)).toBe(true);
    expect(host.kernel.steps).toHaveLength(8);
    expect(host.kernel.looks).toEqual(looks);
    const remote = [...host.peers.of(networkId(1)).values()].filter((other) => other.node !== SELF);
    const addresses = remote.flatMap((other) => other.addresses);
    expect(host.kernel.spaces.get(NAME)?.neighbours.size).toBe(addresses.length);
    host.stop();
  });
});
