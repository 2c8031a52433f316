/** Addresses: one key per address, created only if absent, so that two hosts can never hold the same one. */
import { UserError } from '../errors.js';
import { assignable, contains, freeAddress, inPool, ipOf, parseIp } from '../model/address.js';
import { keys } from '../model/names.js';
import type { Op, Store } from '../model/ports.js';
import type { Cidr, EndpointId, Ip, Lease, Network, NodeAddress, Pool, Subnet } from '../model/types.js';
import type { ClusterView } from '../store/cluster.js';
import { formatLease, parseLease } from '../store/records.js';
import type { LocalEndpoints } from './local-endpoints.js';
import type { Membership } from './membership.js';
import type { Pools } from './pools.js';
import { type Attempt, transact } from './transact.js';

/** A lease of ours that no endpoint took up within this time was left behind by a crash, ms. */
const ABANDONED_MS = 30_000;

type PoolRef = Pick<Pool, 'cidr' | 'range' | 'network'>;

export class Ipam {
  /** Leases given out and not taken up yet: the index each was written at, which saves CreateEndpoint a question. */
  private readonly issued = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly view: ClusterView,
    private readonly self: NodeAddress,
    private readonly pools: Pools,
    private readonly membership: Membership,
    private readonly local: LocalEndpoints,
  ) {}

  /** The gateway of a pool: on a new pool it is leased, on a network's pool it is the network's own. */
  async requestGateway(cidr: Cidr, wanted: string): Promise<Cidr> {
    const pool = await this.pool(cidr);
    if (pool.network === undefined) return this.reserve(pool, wanted, 'gateway');
    const { gateway } = this.subnet(pool);
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
    const subnet = this.subnet(pool);
    // The engine asks for the auxiliary addresses of a mirror while it creates it; they are leased already.
    if (wanted !== '' && Object.values(subnet.aux).includes(parseIp(wanted))) return inPool(parseIp(wanted), cidr);
    return this.reserve(pool, wanted, 'endpoint');
  }

  /** Frees an endpoint's address; a network's gateway and auxiliary addresses go with the network. */
  async release(cidr: Cidr, ip: Ip): Promise<void> {
    this.issued.delete(keys.lease(cidr, ip));
    await transact(this.store, async () => {
      const lease = await this.find(cidr, ip);
      const ours = lease?.kind === 'endpoint' && lease.node === this.self;
      // A repeated release must not take the address from the endpoint that got it since.
      const serves = lease?.endpoint !== undefined && this.local.isLive(lease.endpoint);
      return { ops: ours && !serves ? [dropLease(lease)] : [], result: undefined };
    });
  }

  /** The index of a lease that RequestAddress just wrote, once. */
  takeIssued(cidr: Cidr, ip: Ip): number | undefined {
    const key = keys.lease(cidr, ip);
    const index = this.issued.get(key);
    this.issued.delete(key);
    return index;
  }

  /** Who holds an address, in words for the prompt. */
  async holder(lease: Lease): Promise<string> {
    const host = `host ${this.view.current.nodes.get(lease.node)?.hostname ?? lease.node}`;
    if (lease.kind !== 'endpoint')
      return `reserved as ${lease.kind === 'aux' ? 'an auxiliary address' : 'the gateway'}`;
    const pool = await this.pools.get(lease.pool);
    const endpoints = pool?.network === undefined ? undefined : this.view.current.endpoints.get(pool.network);
    const name = lease.endpoint === undefined ? undefined : endpoints?.get(lease.endpoint)?.names[0];
    return name === undefined ? `held by a container on ${host}` : `held by container ${name} on ${host}`;
  }

  async find(cidr: Cidr, ip: Ip): Promise<Lease | undefined> {
    const entry = await this.store.get(keys.lease(cidr, ip));
    return entry === undefined ? undefined : parseLease(entry);
  }

  /** Leases of this node, old enough to be nobody's work in progress, that serve none of these endpoints. */
  async abandoned(cidr: Cidr, serving: ReadonlySet<EndpointId>): Promise<readonly Lease[]> {
    const { entries } = await this.store.list(keys.leases(cidr));
    return entries
      .flatMap((entry) => parseLease(entry) ?? [])
      .filter((lease) => lease.kind === 'endpoint' && lease.node === this.self && isAbandonedLease(lease, Date.now()))
      .filter((lease) => lease.endpoint === undefined || !serving.has(lease.endpoint));
  }

  private async reserve(pool: PoolRef, wanted: string, kind: Lease['kind']): Promise<Cidr> {
    if (pool.network === undefined || kind !== 'endpoint') return this.lease(pool, wanted, kind, () => []);
    return this.membership.using(pool.network, (mark) => this.lease(pool, wanted, kind, mark));
  }

  private async lease(pool: PoolRef, wanted: string, kind: Lease['kind'], mark: () => readonly Op[]): Promise<Cidr> {
    const record = { pool: pool.cidr, node: this.self, kind, created: Date.now() };
    const { result, index } = await transact(this.store, async (): Promise<Attempt<Ip>> => {
      const ip = wanted === '' ? await this.nextFree(pool) : this.inside(pool, parseIp(wanted));
      const value = formatLease({ ...record, address: ip });
      const take: Op =
        wanted === '' ? { verb: 'create', key: keys.lease(pool.cidr, ip), value } : await this.takeOp(pool, ip, value);
      return { ops: [take, ...mark()], result: ip };
    });
    if (kind === 'endpoint') this.issued.set(keys.lease(pool.cidr, result), index);
    return inPool(result, pool.cidr);
  }

  private inside(pool: PoolRef, ip: Ip): Ip {
    if (!contains(pool.cidr, ip)) throw new UserError(`address ${ip} lies outside of the subnet ${pool.cidr}`);
    return ip;
  }

  /** A wanted address is free, or held by an endpoint of this host that a power loss took away. */
  private async takeOp(pool: PoolRef, ip: Ip, value: string): Promise<Op> {
    const key = keys.lease(pool.cidr, ip);
    const held = await this.find(pool.cidr, ip);
    if (held === undefined) return { verb: 'create', key, value };
    if (this.isLeftOver(held)) return { verb: 'update', key, value, index: held.index };
    throw new UserError(`address ${ip} is already ${await this.holder(held)}; choose another or remove that container`);
  }

  private async nextFree(pool: PoolRef): Promise<Ip> {
    const network = pool.network === undefined ? undefined : this.view.current.networks.get(pool.network);
    const subnet = network?.subnets.find((s) => s.pool === pool.cidr);
    const prefix = keys.leases(pool.cidr);
    const taken = new Set((await this.store.keys(prefix)).map((key) => key.slice(prefix.length)));
    // The creating engine's own IPAM hands out from below; from above we keep out of its way the longest.
    const ip = freeAddress(
      assignable(pool.cidr, subnet?.range ?? pool.range),
      taken,
      network?.ipam === 'engine' ? 'above' : 'below',
    );
    if (ip === undefined) throw new UserError(`no address is free in ${subnet?.range ?? pool.cidr}; all are in use`);
    return ip;
  }

  /** Ours, and serving nothing that lives: what a power loss or a crash left behind. */
  private isLeftOver(lease: Lease): boolean {
    if (lease.node !== this.self || lease.kind !== 'endpoint') return false;
    return lease.endpoint === undefined ? isAbandonedLease(lease, Date.now()) : !this.local.isLive(lease.endpoint);
  }

  /** A network's pool is known without asking; only one that is being created is not. */
  private async pool(cidr: Cidr): Promise<PoolRef> {
    const network = [...this.view.current.networks.values()].find((n) => n.subnets.some((s) => s.pool === cidr));
    if (network !== undefined) return { cidr, network: network.id };
    const pool = await this.pools.get(cidr);
    if (pool === undefined)
      throw new UserError(`pool ${cidr} is not claimed in the cluster; its network has been removed`);
    return pool;
  }

  private subnet(pool: PoolRef): Subnet {
    const network: Network | undefined =
      pool.network === undefined ? undefined : this.view.current.networks.get(pool.network);
    const subnet = network?.subnets.find((s) => s.pool === pool.cidr);
    if (subnet === undefined) throw new UserError(`the network of ${pool.cidr} is no longer in the cluster`);
    return subnet;
  }
}

export const dropLease = (lease: Lease): Op => ({
  verb: 'delete',
  key: keys.lease(lease.pool, lease.address),
  index: lease.index,
});

const isAbandonedLease = (lease: Lease, now: number): boolean => now - lease.created > ABANDONED_MS;
