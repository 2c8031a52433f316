/** Network records: created by one host, announced under a name, removed by any. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError, UserError } from '../../errors.js';
import type { Entry, Op, Store } from '../../model/ports/ports.js';
import { wayOutInside } from '../../model/values/gwbridge-subnet.js';
import { keys } from '../../model/values/names.js';
import { MOST } from '../../model/values/shapes.js';
import type { Announcement, Cidr, Network, NetworkId, NodeId, Subnet } from '../../model/values/types.js';
import { commitAhead, fits } from '../../store/in-parts.js';
import { assertReadable } from '../../store/readable.js';
import {
  formatLease,
  formatNetwork,
  formatPool,
  parseEndpoint,
  parseNetwork,
  readable,
} from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { type Attempt, transact } from '../changes/transact.js';
import { reservedLeases } from '../ipam/leases.js';
import type { Pools } from '../ipam/pools.js';
import { Announcer } from './announcer.js';
import { Claims } from './claims.js';
import { chooseVnis } from './vnis.js';

export interface NewNetwork
  extends Omit<Network, 'subnets' | 'creator' | 'deleting' | 'index' | 'announced' | 'outdone'> {
  readonly subnets: readonly Omit<Subnet, 'vni'>[];
  /** VNIs that the user chose, one per bridge; empty: the lowest free. */
  readonly vnis: readonly number[];
}

const UNKNOWN = 'a host whose records cannot be read';

const RACE = 'another host changed the same network, or made one, at the same moment';

/** How long an attach waits for a removal that may be taken back, ms, and how often it looks. */
const REMOVAL_MS = 5_000;
const LOOK_MS = 50;

interface PoolOps {
  readonly ops: readonly Op[];
  /** Of gateways and auxiliary addresses that are not leased yet. */
  readonly leases: readonly Op[];
  /** The `--ip-range` of pools that have one. */
  readonly ranges: ReadonlyMap<Cidr, { readonly range: Cidr }>;
}

/** What became of a removal: done, or kept because these nodes, in words, still have endpoints. */
export type Removal = { readonly removed: true } | { readonly removed: false; readonly users: readonly string[] };

export interface NetworksParts {
  readonly store: Pick<Store, 'commit' | 'get' | 'keys' | 'list'>;
  readonly view: Pick<ClusterView, 'current' | 'reached'>;
  readonly self: NodeId;
  readonly pools: Pick<Pools, 'claimOps' | 'get' | 'record'>;
}

export class Networks {
  private readonly claims: Claims;
  private readonly announcer: Announcer;

  constructor(private readonly parts: NetworksParts) {
    this.claims = new Claims(parts.store, parts.view);
    this.announcer = new Announcer(parts.store, (id) => this.get(id));
  }

  /**
   * Claims VNIs, binds (or claims) the pools and writes the record: in one transaction, or, where it is too much for one,
   * under a record that is marked as one that goes until all is there. What a crash leaves is removed like such a one.
   */
  async create(wanted: NewNetwork): Promise<void> {
    const { vnis, ...rest } = wanted;
    const { index } = await transact(this.parts.store, async (): Promise<Attempt<void>> => {
      const found = await this.get(wanted.id);
      if (found !== undefined && !found.deleting) return { ops: [], result: undefined };
      // Half made by a try before this one.
      if (found !== undefined) await this.parts.store.commit(await this.dropOps(found));
      if (!wanted.internal) this.assertWayOut(wanted.subnets.map((s) => s.pool));
      const poolOps = wanted.ipam === 'cluster' ? await this.bindOps(wanted) : await this.claimOps(wanted);
      const chosen = await chooseVnis(this.parts.store, wanted.subnets, vnis, (id) => this.nameOf(id));
      const subnets = wanted.subnets.map((subnet, i) => ({
        ...subnet,
        ...poolOps.ranges.get(subnet.pool),
        vni: chosen[i] ?? 0,
      }));
      const record = { ...rest, subnets, creator: this.parts.self };
      const ids = [...new Set(chosen)].map((vni): Op => ({ verb: 'create', key: keys.vni(vni), value: wanted.id }));
      const key = keys.network(wanted.id);
      const create = (deleting: boolean): Op => ({ verb: 'create', key, value: written({ ...record, deleting }) });
      const whole = [create(false), ...ids, ...poolOps.ops, ...poolOps.leases];
      if (fits(whole)) return { ops: whole, result: undefined };
      // The pools at once: whoever wants one that overlaps sees all of them or none.
      if (!(await this.parts.store.commit([create(true), ...poolOps.ops])).ok) throw new StoreError(RACE, true);
      const half = await this.get(wanted.id);
      if (half === undefined) throw new StoreError(RACE, true);
      const done: Op = { verb: 'update', key, value: written({ ...record, deleting: false }), index: half.index };
      const check: Op = { verb: 'check', key, index: half.index };
      return {
        ops: [...(await commitAhead(this.parts.store, [...ids, ...poolOps.leases], [check], [done])), done],
        result: undefined,
      };
    });
    if (index > 0) await this.parts.view.reached(keys.networks, index, 5_000);
  }

  /** Puts the record under its name, see {@link Announcer}. */
  announce(id: NetworkId, announcement: Announcement, ranges: ReadonlyMap<Cidr, Cidr>): Promise<NetworkId> {
    return this.announcer.announce(id, announcement, ranges);
  }

  /** Publishes that another network has the name that this one would have. */
  outdo(id: NetworkId, name: string): Promise<void> {
    return this.announcer.outdo(id, name);
  }

  /** Throws a UserError for a network that is not to appear on any host (see Claims). */
  check(network: Network): Promise<void> {
    return this.claims.check(network);
  }

  /**
   * Two phases: no endpoint can be created once the record is marked, and none is there when it goes, as it was marked:
   * who takes the mark back meanwhile makes it all be looked at again. `own`: whether this node's own endpoints keep it;
   * not when its engine says that it has none left.
   */
  async remove(id: NetworkId, own: 'keep' | 'go' = 'go'): Promise<Removal> {
    await assertReadable(this.parts.store, keys.endpoints(id));
    const { result, index } = await transact(this.parts.store, async (): Promise<Attempt<Removal>> => {
      const network = await this.marked(id);
      if (network === undefined) return { ops: [], result: { removed: true } };
      const users = await this.usersOf(id, own);
      if (users.length === 0) return { ops: await this.dropOps(network), result: { removed: true } };
      const value = formatNetwork({ ...network, deleting: false });
      const back: Op = { verb: 'update', key: keys.network(id), value, index: network.index };
      return { ops: [back], result: { removed: false, users } };
    });
    if (index > 0 && result.removed) await this.parts.view.reached(keys.networks, index, 5_000);
    return result;
  }

  /**
   * The network, if endpoints may be created on it. A removal under way is waited for: it is taken back where another
   * host uses the network. Throws a UserError when it is gone, or goes for too long.
   */
  async standing(id: NetworkId, source: 'view' | 'store'): Promise<Network> {
    const end = performance.now() + REMOVAL_MS;
    for (let network = source === 'view' ? await this.known(id) : await this.get(id); ; network = await this.get(id)) {
      if (network !== undefined && !network.deleting) return network;
      const name = network?.announced?.name ?? id.slice(0, 12);
      if (network === undefined) throw new UserError(`network ${name} has been removed from the cluster`);
      if (performance.now() > end)
        throw new UserError(`network ${name} is being removed from the cluster; try again in half a minute`);
      await sleep(LOOK_MS);
    }
  }

  /** As this host knows it; the store is asked only when it does not. */
  async known(id: NetworkId): Promise<Network | undefined> {
    return this.parts.view.current.networks.get(id) ?? (await this.get(id));
  }

  /** Throws a UserError for a record that cannot be read. */
  async get(id: NetworkId): Promise<Network | undefined> {
    const entry = await this.parts.store.get(keys.network(id));
    return entry === undefined ? undefined : readable(entry, parseNetwork);
  }

  /** For people. */
  private nameOf(id: NetworkId): string {
    return this.parts.view.current.networks.get(id)?.announced?.name ?? id.slice(0, 12);
  }

  private hostOf(node: NodeId | undefined): string {
    return node === undefined ? UNKNOWN : (this.parts.view.current.nodes.get(node)?.address ?? node);
  }

  private assertWayOut(pools: readonly Cidr[]): void {
    const found = wayOutInside(pools, this.parts.view.current.nodes.values());
    if (found === undefined) return;
    const { pool, gwbridge, node } = found;
    throw new UserError(
      `subnet ${pool} overlaps ${gwbridge} of docker_gwbridge on host ${node.hostname}, through which its containers reach the outside; choose another --subnet, or add --internal`,
    );
  }

  /** The network with the mark that it goes; undefined when it is gone. Rejects with a StoreError that passes. */
  private async marked(id: NetworkId): Promise<Network | undefined> {
    const network = await this.get(id);
    if (network === undefined || network.deleting) return network;
    const value = formatNetwork({ ...network, deleting: true });
    await this.parts.store.commit([{ verb: 'update', key: keys.network(id), value, index: network.index }]);
    const marked = await this.get(id);
    if (marked?.deleting === false) throw new StoreError(RACE, true);
    return marked;
  }

  /** The hosts with endpoints in the network, in words. */
  private async usersOf(id: NetworkId, own: 'keep' | 'go'): Promise<readonly string[]> {
    const { entries } = await this.parts.store.list(keys.endpoints(id));
    // A record that cannot be read may be a newer release's, of a container that lives.
    const nodes = entries.filter(isEndpointKey).map((entry) => parseEndpoint(entry)?.node);
    return [...new Set(nodes.filter((node) => node !== this.parts.self || own === 'keep').map((n) => this.hostOf(n)))];
  }

  /** What the last transaction of a removal does; what it is too small for is done before. */
  private async dropOps(network: Network): Promise<readonly Op[]> {
    const { owned, record } = await this.claims.dropOps(network);
    const check: Op = { verb: 'check', key: keys.network(network.id), index: network.index };
    return [...(await commitAhead(this.parts.store, owned, [check], record)), ...record];
  }

  /** Our IPAM claimed the pools before (RequestPool): they become the network's. */
  private async bindOps(wanted: NewNetwork): Promise<PoolOps> {
    const ranges = new Map<Cidr, { range: Cidr }>();
    const ops: Op[] = [];
    for (const { pool: cidr } of wanted.subnets) {
      const pool = await this.parts.pools.get(cidr);
      if (pool === undefined) throw new UserError(`pool ${cidr} is not claimed; try again`);
      if (pool.network !== undefined) {
        const name = this.nameOf(pool.network);
        throw new UserError(
          `subnet ${cidr} overlaps ${cidr} of network ${name}, made just now; use that or another one`,
        );
      }
      if (pool.range !== undefined) ranges.set(cidr, { range: pool.range });
      const value = formatPool({ ...pool, network: wanted.id });
      ops.push({ verb: 'update', key: keys.pool(cidr), value, index: pool.index });
    }
    return { ops, leases: [], ranges };
  }

  private async claimOps(wanted: NewNetwork): Promise<PoolOps> {
    const claims = wanted.subnets.map(({ pool: cidr }) => ({
      cidr,
      value: formatPool(this.parts.pools.record(cidr, undefined, wanted.id)),
    }));
    const leases = wanted.subnets
      .flatMap((subnet) => reservedLeases(subnet, this.parts.self))
      .map((lease): Op => ({ verb: 'create', key: keys.lease(lease.pool, lease.address), value: formatLease(lease) }));
    return { ops: await this.parts.pools.claimOps(claims, 'engine'), leases, ranges: new Map() };
  }
}

/** Throws a UserError for a network whose record would be too large for others to read. */
function written(network: Omit<Network, 'index'>): string {
  const value = formatNetwork(network);
  if (Buffer.byteLength(value) <= MOST.record) return value;
  throw new UserError(
    `the network's options and addresses make a record of ${Math.ceil(Buffer.byteLength(value) / 1024)} KB, and ${MOST.record / 1024} KB is the most; name fewer auxiliary addresses or options`,
  );
}

/** What has no id is no endpoint of anybody's, and keeps nobody's network. */
const isEndpointKey = ({ key }: Entry): boolean => /^endpoints\/[^/]+\/[^/]+\/[0-9a-f]{64}$/.test(key);
