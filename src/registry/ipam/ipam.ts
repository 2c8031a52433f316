/** Addresses: one key per address, created only if absent, so that two hosts can never hold the same one. */
import { StoreError, UserError } from '../../errors.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { contains, inPool, ipOf, isHostAddress, parseIp } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Cidr, EndpointId, Ip, Lease, Network, NetworkId, NodeId } from '../../model/values/types.js';
import { formatLease } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { Ages } from '../changes/ages.js';
import { type Attempt, STORE_DEADLINE_MS, type Transacting, transact, transactEnding } from '../changes/transact.js';
import type { LocalEndpoints } from '../local/local-endpoints.js';
import type { Membership } from '../local/membership.js';
import type { Identity } from '../nodes/identity.js';
import { type AddressCooldown, REST_MS } from './address-cooldown.js';
import { Contention } from './contention.js';
import { FreeAddresses } from './free-address.js';
import { dropLease, type Leases } from './leases.js';
import { Occupied } from './occupied.js';
import { type PoolRef, poolOf, subnetOf } from './pool-ref.js';
import type { Pools } from './pools.js';

/** A lease of ours that no endpoint took up within this time was left behind by a crash, ms. */
const ABANDONED_MS = 30_000;

/** How long an address that somebody was faster with is not tried again, ms: its endpoint is seen long before. */
const LOST_MS = 10_000;

const DOUBT = 'the store was wiped or replaced; addresses are given out once all hosts have filled it again';

/** An address to try, and what has to be committed for it: the lease first, then what must hold, or is to change, besides. */
interface Choice {
  readonly pool: PoolRef;
  readonly ip: Ip;
  readonly ops: readonly Op[];
}

interface NetworkRecords {
  /** As the store has it. */
  get(id: NetworkId): Promise<Network | undefined>;
}

export interface IpamParts {
  readonly store: Pick<Store, 'keys'> & Transacting;
  readonly view: Pick<ClusterView, 'current' | 'doubts' | 'suspect'>;
  readonly self: NodeId;
  readonly pools: Pick<Pools, 'get'>;
  readonly leases: Leases;
  readonly networks: NetworkRecords;
  readonly membership: Pick<Membership, 'using'>;
  readonly local: Pick<LocalEndpoints, 'isLive'>;
  readonly cooldown: Pick<AddressCooldown, 'endOp' | 'of' | 'restOp' | 'restedOp'>;
  readonly identity: Pick<Identity, 'knownOp' | 'isStill'>;
}

export class Ipam {
  /** Leases given out and not taken up yet: the index each was written at, which saves CreateEndpoint a question. */
  private readonly issued = new Map<string, number>();
  /** Leases that this process has written. */
  private readonly births = new Ages<string>();
  private readonly occupied: Occupied;
  private readonly contention = new Contention();
  private readonly room: FreeAddresses;

  constructor(private readonly parts: IpamParts) {
    this.occupied = new Occupied(parts.view);
    this.room = new FreeAddresses({ ...parts, occupied: this.occupied });
  }

  /** The gateway of a pool: on a new pool it is leased, on a network's pool it is the network's own. */
  async requestGateway(cidr: Cidr, wanted: string): Promise<Cidr> {
    const pool = await this.pool(cidr);
    if (pool.network === undefined) return this.reserve(pool, wanted, 'gateway');
    const gateway = subnetOf(pool)?.gateway;
    if (gateway === undefined || (wanted !== '' && ipOf(gateway) !== parseIp(wanted)))
      throw new UserError(
        `the gateway of ${cidr} is ${gateway ?? 'not set'} on all hosts; it cannot be ${wanted || 'another'}`,
      );
    return gateway;
  }

  /** An endpoint's address; on a pool that is no network's yet, an auxiliary address. Lowest (or highest) free first. */
  async requestAddress(cidr: Cidr, wanted: string): Promise<Cidr> {
    const pool = await this.pool(cidr);
    if (pool.network === undefined) return this.reserve(pool, wanted, 'aux');
    const aux = Object.values(subnetOf(pool)?.aux ?? {});
    // The engine asks for the auxiliary addresses of a mirror while it creates it; they are leased already.
    if (wanted !== '' && aux.includes(parseIp(wanted))) return inPool(parseIp(wanted), cidr);
    return this.reserve(pool, wanted, 'endpoint');
  }

  /** Frees an endpoint's address; a network's gateway and auxiliary addresses go with the network. */
  async release(requested: Cidr, ip: Ip): Promise<void> {
    const cidr = this.room.poolWith(requested, ip);
    this.issued.delete(keys.lease(cidr, ip));
    this.births.end(keys.lease(cidr, ip));
    this.occupied.unmark(cidr, ip);
    await transactEnding(this.parts.store, async () => {
      const lease = await this.parts.leases.find(cidr, ip);
      const ours = lease?.kind === 'endpoint' && lease.node === this.parts.self;
      // A repeated release must not take the address from the endpoint that got it since.
      const serves = lease?.endpoint !== undefined && this.parts.local.isLive(lease.endpoint);
      if (!ours || serves) return { ops: [], result: undefined };
      if (lease.endpoint === undefined) return { ops: [dropLease(lease)], result: undefined };
      this.occupied.mark(cidr, ip, REST_MS);
      return { ops: [dropLease(lease), this.parts.cooldown.restOp(cidr, ip)], result: undefined };
    });
  }

  /** The index of a lease that RequestAddress just wrote, once. */
  takeIssued(cidr: Cidr, ip: Ip): number | undefined {
    const key = keys.lease(cidr, ip);
    const index = this.issued.get(key);
    this.issued.delete(key);
    return index;
  }

  /** Leases of this node, old enough to be nobody's work in progress, that serve no endpoint. */
  async abandoned(cidr: Cidr, serves: (endpoint: EndpointId) => boolean): Promise<readonly Lease[]> {
    return (await this.parts.leases.list(cidr))
      .filter((lease) => lease.kind === 'endpoint' && lease.node === this.parts.self && this.isAbandoned(lease))
      .filter((lease) => lease.endpoint === undefined || !serves(lease.endpoint));
  }

  private async reserve(pool: PoolRef, wanted: string, kind: Lease['kind']): Promise<Cidr> {
    if (pool.network === undefined || kind !== 'endpoint') return this.lease(pool, wanted, kind, () => []);
    const since = performance.now();
    return this.parts.membership.using(pool.network.id, (mark) => {
      const lease = () => this.lease(pool, wanted, kind, mark, STORE_DEADLINE_MS - (performance.now() - since));
      return wanted === '' ? this.contention.run(pool.cidr, lease) : lease();
    });
  }

  private async lease(
    pool: PoolRef,
    wanted: string,
    kind: Lease['kind'],
    mark: () => readonly Op[],
    deadlineMs = STORE_DEADLINE_MS,
  ): Promise<Cidr> {
    let tried: Choice | undefined;
    let tries = 0;
    const { result, index } = await transact(
      this.parts.store,
      async (failed): Promise<Attempt<Choice>> => {
        if (tried !== undefined && failed.length > 0) await this.learn(tried, failed, ++tries);
        if (this.parts.view.doubts && this.occupied.of(pool) === undefined) throw new StoreError(DOUBT, true);
        const known = await this.parts.identity.knownOp();
        const lost = failed.length === 0 ? tried : undefined;
        tried =
          (lost && (await this.takeBack(lost))) ??
          (wanted === '' ? await this.chooseFree(pool, kind) : await this.take(pool, parseIp(wanted), kind));
        // Before the commit: whoever frees what nobody uses may see the lease before we have the answer.
        this.births.begin(keys.lease(tried.pool.cidr, tried.ip));
        return { ops: [...tried.ops, ...mark(), known], result: tried };
      },
      deadlineMs,
    );
    const { cidr } = result.pool;
    if (kind === 'endpoint') this.issued.set(keys.lease(cidr, result.ip), index);
    return inPool(result.ip, cidr);
  }

  /** What a try that did not go through tells of its address. `tries`: of its request, with this one. */
  private async learn({ pool, ip, ops }: Choice, failed: readonly number[], tries: number): Promise<void> {
    this.births.end(keys.lease(pool.cidr, ip));
    this.occupied.unmark(pool.cidr, ip);
    if (failed.some((position) => position < ops.length)) this.occupied.mark(pool.cidr, ip, LOST_MS);
    // One that serves an endpoint was given out a while ago: our view is late, and nobody is in our way. Unless that
    // happens twice: then others were just as late, and faster.
    if (failed.includes(0) && (tries > 1 || (await this.parts.leases.find(pool.cidr, ip))?.endpoint === undefined))
      this.contention.lost(pool.cidr);
    if (failed.every((position) => position < ops.length)) return;
    // Written again as it was: by whoever restored a backup, or by hand.
    if (await this.parts.identity.isStill()) return;
    this.parts.view.suspect();
    throw new StoreError(DOUBT, true);
  }

  private value(pool: PoolRef, ip: Ip, kind: Lease['kind']): string {
    return formatLease({ pool: pool.cidr, address: ip, node: this.parts.self, kind, created: Date.now() });
  }

  /** A try whose answer was lost, if it went through: the address is ours already. */
  private async takeBack({ pool, ip, ops: [op, ...more] }: Choice): Promise<Choice | undefined> {
    const held = await this.parts.leases.find(pool.cidr, ip);
    if (held === undefined || op === undefined || !('value' in op) || formatLease(held) !== op.value) return undefined;
    const { key } = op;
    return {
      pool,
      ip,
      ops: [{ verb: 'update', key, value: this.value(pool, ip, held.kind), index: held.index }, ...more],
    };
  }

  /** A wanted address is free, or held by an endpoint of this host that a power loss took away. */
  private async take(pool: PoolRef, ip: Ip, kind: Lease['kind']): Promise<Choice> {
    if (!contains(pool.cidr, ip))
      throw new UserError(`address ${ip} lies outside of the subnet ${pool.cidr}; choose one inside`);
    if (!isHostAddress(pool.cidr, ip))
      throw new UserError(`address ${ip} stands for the whole subnet ${pool.cidr}; choose one for a single host`);
    const key = keys.lease(pool.cidr, ip);
    const value = this.value(pool, ip, kind);
    const held = await this.parts.leases.findReadable(pool.cidr, ip);
    const end = this.parts.cooldown.endOp(pool.cidr, ip);
    if (held === undefined) return { pool, ip, ops: [{ verb: 'create', key, value }, end] };
    if (this.isLeftOver(held)) return { pool, ip, ops: [{ verb: 'update', key, value, index: held.index }, end] };
    const cure = held.kind === 'endpoint' ? ' or remove that container' : '';
    throw new UserError(`address ${ip} is already ${await this.parts.leases.describe(held)}; choose another${cure}`);
  }

  /** The first free address of the pool, or of another subnet of its network: the engine itself never asks there. */
  private async chooseFree(pool: PoolRef, kind: Lease['kind']): Promise<Choice> {
    const siblings = kind === 'endpoint' ? this.room.siblings(pool) : [];
    for (const candidate of [pool, ...siblings]) {
      const { cidr } = candidate;
      const found = await this.room.pick(candidate, this.contention.choose(cidr));
      if (found === undefined) continue;
      const { ip, rested } = found;
      const op: Op = { verb: 'create', key: keys.lease(cidr, ip), value: this.value(candidate, ip, kind) };
      return {
        pool: candidate,
        ip,
        ops: [op, rested ? this.parts.cooldown.restedOp(cidr, ip) : this.parts.cooldown.endOp(cidr, ip)],
      };
    }
    const full = [pool, ...siblings].map((p) => p.range ?? p.cidr).join(' and ');
    throw new UserError(`no address is free in ${full}; remove containers, or make the network with a larger --subnet`);
  }

  private isAbandoned(lease: Lease): boolean {
    return this.births.age(keys.lease(lease.pool, lease.address)) > ABANDONED_MS;
  }

  /** Ours, and serving nothing that lives: what a power loss or a crash left behind. */
  private isLeftOver(lease: Lease): boolean {
    if (lease.node !== this.parts.self || lease.kind !== 'endpoint') return false;
    if (lease.endpoint !== undefined) return !this.parts.local.isLive(lease.endpoint);
    return !this.births.has(keys.lease(lease.pool, lease.address)) || this.isAbandoned(lease);
  }

  /** A network's pool is known without asking, unless our view has not seen the network yet. */
  private async pool(cidr: Cidr): Promise<PoolRef> {
    const [known] = this.room.poolsOf(cidr);
    if (known !== undefined) return known;
    const claim = await this.parts.pools.get(cidr);
    if (claim !== undefined && claim.network === undefined) return { cidr, range: claim.range };
    const network = claim?.network === undefined ? undefined : await this.parts.networks.get(claim.network);
    const pool = network && poolOf(network, cidr);
    if (pool === undefined)
      throw new UserError(`pool ${cidr} is not claimed in the cluster; its network has been removed`);
    return pool;
  }
}
