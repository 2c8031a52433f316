/** A network's record and all that it claims, in one transaction or, where it is too much for one, in several. */
import { UserError } from '../../errors.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { wayOutInside } from '../../model/values/gwbridge-subnet.js';
import { keys } from '../../model/values/names.js';
import { MOST } from '../../model/values/shapes.js';
import type { Cidr, Network, NetworkId, NodeId, Subnet } from '../../model/values/types.js';
import { commitAhead, fits } from '../../store/in-parts.js';
import { formatLease, formatNetwork, formatPool } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { type Attempt, transact } from '../changes/transact.js';
import { reservedLeases } from '../ipam/leases.js';
import type { Pools } from '../ipam/pools.js';
import { raced } from './raced.js';
import { chooseVnis } from './vnis.js';

export interface NewNetwork
  extends Omit<Network, 'subnets' | 'creator' | 'deleting' | 'index' | 'announced' | 'outdone'> {
  readonly subnets: readonly Omit<Subnet, 'vni'>[];
  /** VNIs that the user chose, one per bridge; empty: the lowest free. */
  readonly vnis: readonly number[];
}

interface PoolOps {
  readonly ops: readonly Op[];
  /** Of gateways and auxiliary addresses that are not leased yet. */
  readonly leases: readonly Op[];
  /** The `--ip-range` of pools that have one. */
  readonly ranges: ReadonlyMap<Cidr, { readonly range: Cidr }>;
}

export interface CreationParts {
  readonly store: Pick<Store, 'commit' | 'get' | 'keys' | 'list'>;
  readonly view: Pick<ClusterView, 'current' | 'reached'>;
  readonly self: NodeId;
  readonly pools: Pick<Pools, 'claimOps' | 'get' | 'record'>;
  /** As the store has it. */
  readonly get: (id: NetworkId) => Promise<Network | undefined>;
  /** What a network owns besides its record; see Claims. */
  readonly dropOps: (network: Network) => Promise<readonly Op[]>;
}

export class Creation {
  constructor(private readonly parts: CreationParts) {}

  /**
   * Claims VNIs, binds (or claims) the pools and writes the record: in one transaction, or, where it is too much for one,
   * under a record that is marked as one that goes until all is there. What a crash leaves is removed like such a one.
   */
  async create(wanted: NewNetwork): Promise<void> {
    const { vnis, ...rest } = wanted;
    const { index } = await transact(this.parts.store, async (): Promise<Attempt<void>> => {
      const found = await this.parts.get(wanted.id);
      if (found !== undefined && !found.deleting) return { ops: [], result: undefined };
      // Half made by a try before this one.
      if (found !== undefined) await this.parts.store.commit(await this.parts.dropOps(found));
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
      if (!(await this.parts.store.commit([create(true), ...poolOps.ops])).ok) throw raced();
      const half = await this.parts.get(wanted.id);
      if (half === undefined) throw raced();
      const done: Op = { verb: 'update', key, value: written({ ...record, deleting: false }), index: half.index };
      const check: Op = { verb: 'check', key, index: half.index };
      return {
        ops: [...(await commitAhead(this.parts.store, [...ids, ...poolOps.leases], [check], [done])), done],
        result: undefined,
      };
    });
    if (index > 0) await this.parts.view.reached(keys.networks, index, 5_000);
  }

  /** For people. */
  private nameOf(id: NetworkId): string {
    return this.parts.view.current.networks.get(id)?.announced?.name ?? id.slice(0, 12);
  }

  private assertWayOut(pools: readonly Cidr[]): void {
    const found = wayOutInside(pools, this.parts.view.current.nodes.values());
    if (found === undefined) return;
    const { pool, gwbridge, node } = found;
    throw new UserError(
      `subnet ${pool} overlaps ${gwbridge} of docker_gwbridge on host ${node.hostname}, through which its containers reach the outside; choose another --subnet, or add --internal`,
    );
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
