/** Address pools: claimed for the whole cluster, never overlapping, by create-only writes behind one guard key. */
import { UserError } from '../../errors.js';
import { underlayInside } from '../../model/plan/underlay.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { freeSubnet, overlaps } from '../../model/values/address.js';
import { aloneOf, subnetTrouble } from '../../model/values/canonical.js';
import { keys } from '../../model/values/names.js';
import type { PoolSource } from '../../model/values/settings.js';
import type { Cidr, NetworkId, NodeId, Pool } from '../../model/values/types.js';
import { formatPool, parsePool, poolOfKey, readable } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { Ages } from '../changes/ages.js';
import { type Attempt, transact } from '../changes/transact.js';

/** A claim that no network took up within this time was left behind by a crash, ms. */
const ABANDONED_MS = 60_000;

const NOBODY = '' as NodeId;
const CURE = 'choose another --subnet, or leave it out and add --ipam-driver tsoverlay to have a free one chosen';

interface Claim {
  readonly cidr: Cidr;
  /** Of the record. */
  readonly value: string;
}

/** Whose IPAM the pool is of. */
type Chooser = 'cluster' | 'engine';

/**
 * Where engines from 23 on take a subnet for a network of scope global from, if nobody names one: in order, without a
 * look at the LAN (moby `libnetwork/ipamutils`). People who type what they always typed are not to be refused for it.
 */
const isEnginesChoice = (cidr: Cidr): boolean => /^10\.\d+\.\d+\.0\/24$/.test(cidr);

export interface PoolsParts {
  readonly store: Pick<Store, 'commit' | 'get' | 'keys' | 'list'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly self: NodeId;
}

export class Pools {
  /** Claims that this process has made. */
  private readonly ages = new Ages<Cidr>();

  constructor(private readonly parts: PoolsParts) {}

  /** Claims exactly this pool for a network to come. Throws a UserError that names what it overlaps. */
  async claim(cidr: Cidr, range: Cidr | undefined): Promise<void> {
    this.ages.begin(cidr);
    const value = formatPool(this.record(cidr, range));
    await transact(this.parts.store, async () => {
      const found = await this.parts.store.get(keys.pool(cidr));
      // Our own write, whose answer was lost on the way.
      const pool = found && parsePool(found);
      if (pool !== undefined && formatPool(pool) === value) return { ops: [], result: undefined };
      return { ops: await this.claimOps([{ cidr, value }], 'cluster'), result: undefined };
    });
  }

  /** Claims a pool of our choice: no network of the cluster, no route and no address of any host overlaps it. */
  async claimAny(sources: readonly PoolSource[]): Promise<Cidr> {
    const { result } = await transact(this.parts.store, async (): Promise<Attempt<Cidr>> => {
      const guard = await this.guardOp();
      const pools = await this.claimed();
      const nodes = [...this.parts.view.current.nodes.values()];
      const used = [...pools, ...nodes.flatMap((n) => [...n.routes, aloneOf(n.address)])];
      const cidr = firstFree(sources, used);
      if (cidr === undefined) throw new UserError(noneFree(sources));
      const value = formatPool(this.record(cidr, undefined));
      this.ages.begin(cidr);
      return { ops: [guard, { verb: 'create', key: keys.pool(cidr), value }], result: cidr };
    });
    return result;
  }

  /** The operations that claim pools together with others of the caller's; checks overlaps at this moment. */
  async claimOps(wanted: readonly Claim[], by: Chooser): Promise<readonly Op[]> {
    const guard = await this.guardOp();
    const pools = await this.claimed();
    const checked = await Promise.all(wanted.map((claim) => this.checkedOps(claim, pools, by)));
    return [guard, ...checked.flat()];
  }

  async get(cidr: Cidr): Promise<Pool | undefined> {
    const entry = await this.parts.store.get(keys.pool(cidr));
    return entry === undefined ? undefined : readable(entry, parsePool);
  }

  /** Frees a claim that never became a network's; a network's pool goes with its network (design, fact 8). */
  async release(cidr: Cidr): Promise<void> {
    await transact(this.parts.store, async () => {
      const pool = await this.get(cidr);
      const ours = pool !== undefined && pool.network === undefined && pool.node === this.parts.self;
      return { ops: ours ? dropOps(pool) : [], result: undefined };
    });
  }

  /**
   * Frees claims of this host that no network took up. `all`: also those of earlier processes, for which all is read.
   * Returns how many.
   */
  async reap(all: boolean): Promise<number> {
    const { entries } = all ? await this.parts.store.list(keys.pools) : { entries: [] };
    const found = entries.flatMap((entry) => parsePool(entry) ?? []).filter((pool) => pool.network === undefined);
    let freed = 0;
    for (const cidr of new Set([...found.map((pool) => pool.cidr), ...this.ages.keys])) {
      if (this.ages.age(cidr) <= ABANDONED_MS) continue;
      const pool = await this.look(cidr);
      if (pool !== undefined && this.isAbandoned(pool) && (await this.parts.store.commit(dropOps(pool))).ok) freed++;
      this.ages.end(cidr);
    }
    return freed;
  }

  /** Throws a UserError for what can be no network's subnet. */
  record(cidr: Cidr, range: Cidr | undefined, network?: NetworkId): Omit<Pool, 'index'> {
    const trouble = subnetTrouble(cidr);
    if (trouble !== undefined) throw new UserError(`subnet ${cidr} ${trouble}`);
    return {
      cidr,
      node: this.parts.self,
      created: Date.now(),
      ...(range === undefined ? {} : { range }),
      ...(network === undefined ? {} : { network }),
    };
  }

  private async checkedOps({ cidr, value }: Claim, pools: readonly Cidr[], by: Chooser): Promise<readonly Op[]> {
    const host = underlayInside(cidr, this.parts.view.current.nodes.values());
    if (host !== undefined && !(by === 'engine' && isEnginesChoice(cidr)))
      throw new UserError(
        `subnet ${cidr} contains ${host.address}, the address of host ${host.hostname}, which its containers could then not reach; ${CURE}`,
      );
    const found = await Promise.all(pools.filter((p) => overlaps(p, cidr)).map((p) => this.look(p)));
    const clashes = found.filter((p) => p !== undefined);
    const abandoned = clashes.filter((p) => this.isAbandoned(p));
    const clash = clashes.find((p) => !abandoned.includes(p));
    if (clash !== undefined) throw new UserError(this.clashSentence(cidr, clash));
    return [...abandoned.flatMap(dropOps), { verb: 'create', key: keys.pool(cidr), value }];
  }

  /** A pool that somebody has, whether its record can be read or not. */
  private async look(cidr: Cidr): Promise<Pool | undefined> {
    const entry = await this.parts.store.get(keys.pool(cidr));
    return entry && (parsePool(entry) ?? { cidr, node: NOBODY, created: 0, index: entry.index });
  }

  private isAbandoned(pool: Pool): boolean {
    return pool.network === undefined && pool.node === this.parts.self && this.ages.age(pool.cidr) > ABANDONED_MS;
  }

  private clashSentence(cidr: Cidr, clash: Pool): string {
    const network = clash.network === undefined ? undefined : this.parts.view.current.networks.get(clash.network);
    const owner =
      clash.network === undefined
        ? clash.node === NOBODY
          ? `a network whose record ${keys.pool(clash.cidr)} in the store cannot be read`
          : `a network that host ${this.parts.view.current.nodes.get(clash.node)?.address ?? clash.node} is creating`
        : `network ${network?.announced?.name ?? clash.network.slice(0, 12)} of the cluster`;
    return `subnet ${cidr} overlaps ${clash.cidr} of ${owner}; ${CURE}`;
  }

  /** Their keys say enough: the records of a thousand pools would be read at every claim. */
  private async claimed(): Promise<readonly Cidr[]> {
    return (await this.parts.store.keys(keys.pools)).flatMap((key) => poolOfKey(key) ?? []);
  }

  /** Read before the list: a claim that slips in between changes the guard and fails our commit. */
  private async guardOp(): Promise<Op> {
    const guard = await this.parts.store.get(keys.poolGuard);
    const value = this.parts.self;
    return guard === undefined
      ? { verb: 'create', key: keys.poolGuard, value }
      : { verb: 'update', key: keys.poolGuard, value, index: guard.index };
  }
}

function firstFree(sources: readonly PoolSource[], used: readonly string[]): Cidr | undefined {
  for (const { base, size } of sources) {
    const free = freeSubnet(base, size, used);
    if (free !== undefined) return free;
  }
  return undefined;
}

const noneFree = (sources: readonly PoolSource[]): string =>
  sources.length === 0
    ? 'there is no default address pool of this family; name a subnet with --subnet'
    : `no free ${sources.map(({ base, size }) => `/${size} is left in ${base}`).join(' and no ')}; choose one with --subnet`;

/** A pool goes with all its addresses, but only as it was read. */
const dropOps = (pool: Pool): readonly Op[] => [
  { verb: 'delete', key: keys.pool(pool.cidr), index: pool.index },
  { verb: 'deleteTree', prefix: keys.leases(pool.cidr) },
  { verb: 'deleteTree', prefix: keys.releasedOf(pool.cidr) },
];
