/** Addresses: one key per address, created only if absent, so that two hosts can never hold the same one. */
import { StoreError, UserError } from '../../errors.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { inPool, ipOf, parseIp } from '../../model/values/address.js';
import type { Cidr, Ip, Lease, Network, NetworkId, NodeId } from '../../model/values/types.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { type Attempt, STORE_DEADLINE_MS, type Transacting, transact, transactEnding } from '../changes/transact.js';
import type { LocalEndpoints } from '../local/local-endpoints.js';
import type { Membership } from '../local/membership.js';
import type { Identity } from '../nodes/identity.js';
import { type AddressCooldown, REST_MS } from './address-cooldown.js';
import { type Choice, Chooser } from './chooser.js';
import { Contention } from './contention.js';
import { FreeAddresses } from './free-addresses.js';
import { IssuedLeases } from './issued-leases.js';
import { dropLease, type Leases } from './leases.js';
import { Occupied } from './occupied.js';
import { type PoolRef, poolOf, subnetOf } from './pool-ref.js';
import type { Pools } from './pools.js';

/** How long an address that somebody was faster with is not tried again, ms: its endpoint is seen long before. */
const LOST_MS = 10_000;

const DOUBT = 'the store was wiped or replaced; addresses are given out once all hosts have filled it again';

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
  readonly issued = new IssuedLeases();
  private readonly occupied: Occupied;
  private readonly contention = new Contention();
  private readonly free: FreeAddresses;
  private readonly chooser: Chooser;

  constructor(private readonly parts: IpamParts) {
    this.occupied = new Occupied(parts.view);
    this.free = new FreeAddresses({ ...parts, occupied: this.occupied });
    const { contention, free, issued } = this;
    this.chooser = new Chooser({ ...parts, contention, free, issued });
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
    const pool = this.free.poolWith(requested, ip);
    const { cidr } = pool;
    const owed = this.issued.end(cidr, ip);
    this.occupied.unmark(cidr, ip);
    await transactEnding(this.parts.store, async () => {
      const lease = await this.parts.leases.find(cidr, ip);
      const ours = lease?.kind === 'endpoint' && lease.node === this.parts.self;
      // A repeated release must not take the address from the endpoint that got it since.
      const serves = lease?.endpoint !== undefined && this.parts.local.isLive(lease.endpoint);
      if (!ours || serves) return { ops: [], result: undefined };
      if (lease.endpoint === undefined) return { ops: [dropLease(lease)], result: undefined };
      this.occupied.mark(pool, ip, REST_MS);
      return { ops: [dropLease(lease), this.parts.cooldown.restOp(cidr, ip)], result: undefined };
    });
    // Only now: one that the store did not take back is still to be freed.
    this.issued.settle(owed);
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
          (lost && (await this.chooser.takeBack(lost))) ??
          (wanted === ''
            ? await this.chooser.chooseFree(pool, kind)
            : await this.chooser.take(pool, parseIp(wanted), kind));
        if (kind === 'endpoint') this.issued.begin(tried.pool.cidr, tried.ip);
        return { ops: [...tried.ops, ...mark(), known], result: tried };
      },
      deadlineMs,
    );
    const { cidr } = result.pool;
    if (kind === 'endpoint') this.issued.written(cidr, result.ip, index);
    return inPool(result.ip, cidr);
  }

  /** What a try that did not go through tells of its address. `tries`: of its request, with this one. */
  private async learn({ pool, ip, ops }: Choice, failed: readonly number[], tries: number): Promise<void> {
    this.issued.end(pool.cidr, ip);
    this.occupied.unmark(pool.cidr, ip);
    if (failed.some((position) => position < ops.length)) this.occupied.mark(pool, ip, LOST_MS);
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

  /** A network's pool is known without asking, unless our view has not seen the network yet. */
  private async pool(cidr: Cidr): Promise<PoolRef> {
    const [known] = this.free.poolsOf(cidr);
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
