/** Addresses: one key per address, created only if absent, so that two hosts can never hold the same one. */
import { UserError } from '../errors.js';
import { contains, inPool, ipOf, isHostAddress, parseIp } from '../model/address.js';
import { keys } from '../model/names.js';
import type { Op, Store } from '../model/ports.js';
import type { Cidr, EndpointId, Ip, Lease, NodeAddress, Subnet } from '../model/types.js';
import type { ClusterView } from '../store/cluster.js';
import { formatLease, parseEndpoint, parseLease, readable } from '../store/records.js';
import { Births } from './births.js';
import type { LocalEndpoints } from './local-endpoints.js';
import type { Membership } from './membership.js';
import type { Networks } from './networks.js';
import type { Pools } from './pools.js';
import type { Released } from './released.js';
import { type PoolRef, poolOf, Room } from './room.js';
import { type Attempt, transact, transactEnding } from './transact.js';

/** A lease of ours that no endpoint took up within this time was left behind by a crash, ms. */
const ABANDONED_MS = 30_000;

/** A request for an address: to commit, or (no operations) refused for want of room. */
interface Choice {
  readonly pool: PoolRef;
  readonly ip: Ip;
  readonly ops: readonly Op[];
}

export class Ipam {
  /** Leases given out and not taken up yet: the index each was written at, which saves CreateEndpoint a question. */
  private readonly issued = new Map<string, number>();
  /** Leases that this process has written. */
  private readonly births = new Births<string>();
  private readonly room: Room;

  constructor(
    private readonly store: Store,
    private readonly view: ClusterView,
    private readonly self: NodeAddress,
    private readonly pools: Pools,
    private readonly networks: Networks,
    private readonly membership: Membership,
    private readonly local: LocalEndpoints,
    private readonly released: Released,
  ) {
    this.room = new Room(store, view, released);
  }

  /** The gateway of a pool: on a new pool it is leased, on a network's pool it is the network's own. */
  async requestGateway(cidr: Cidr, wanted: string): Promise<Cidr> {
    const pool = await this.pool(cidr);
    if (pool.network === undefined) return this.reserve(pool, wanted, 'gateway');
    const gateway = this.subnet(pool)?.gateway;
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
    const aux = Object.values(this.subnet(pool)?.aux ?? {});
    // The engine asks for the auxiliary addresses of a mirror while it creates it; they are leased already.
    if (wanted !== '' && aux.includes(parseIp(wanted))) return inPool(parseIp(wanted), cidr);
    return this.reserve(pool, wanted, 'endpoint');
  }

  /** Frees an endpoint's address; a network's gateway and auxiliary addresses go with the network. */
  async release(requested: Cidr, ip: Ip): Promise<void> {
    const cidr = this.room.poolWith(requested, ip);
    this.issued.delete(keys.lease(cidr, ip));
    this.births.end(keys.lease(cidr, ip));
    await transactEnding(this.store, async () => {
      const lease = await this.find(cidr, ip);
      const ours = lease?.kind === 'endpoint' && lease.node === this.self;
      // A repeated release must not take the address from the endpoint that got it since.
      const serves = lease?.endpoint !== undefined && this.local.isLive(lease.endpoint);
      if (!ours || serves) return { ops: [], result: undefined };
      const rest = lease.endpoint === undefined ? [] : [this.released.restOp(cidr, ip)];
      return { ops: [dropLease(lease), ...rest], result: undefined };
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
    const name = lease.endpoint === undefined ? undefined : await this.nameOf(lease.pool, lease.endpoint);
    return name === undefined ? `held by a container on ${host}` : `held by container ${name} on ${host}`;
  }

  /** From the store: this host need not take part in the network. */
  private async nameOf(cidr: Cidr, id: EndpointId): Promise<string | undefined> {
    const network = (await this.pools.get(cidr))?.network;
    const entry = network === undefined ? undefined : await this.store.get(keys.endpoint(network, id));
    return entry === undefined ? undefined : parseEndpoint(entry)?.names[0];
  }

  async find(cidr: Cidr, ip: Ip): Promise<Lease | undefined> {
    const entry = await this.store.get(keys.lease(cidr, ip));
    return entry === undefined ? undefined : parseLease(entry);
  }

  /** The same for whoever wants the address. Throws a UserError for a record that cannot be read: it is taken. */
  async findReadable(cidr: Cidr, ip: Ip): Promise<Lease | undefined> {
    const entry = await this.store.get(keys.lease(cidr, ip));
    return entry === undefined ? undefined : readable(entry, parseLease);
  }

  /** Leases of this node, old enough to be nobody's work in progress, that serve none of these endpoints. */
  async abandoned(cidr: Cidr, serving: ReadonlySet<EndpointId>): Promise<readonly Lease[]> {
    const { entries } = await this.store.list(keys.leases(cidr));
    return entries
      .flatMap((entry) => parseLease(entry) ?? [])
      .filter((lease) => lease.kind === 'endpoint' && lease.node === this.self && this.isAbandoned(lease))
      .filter((lease) => lease.endpoint === undefined || !serving.has(lease.endpoint));
  }

  private async reserve(pool: PoolRef, wanted: string, kind: Lease['kind']): Promise<Cidr> {
    if (pool.network === undefined || kind !== 'endpoint') return this.lease(pool, wanted, kind, () => []);
    return this.membership.using(pool.network.id, (mark) => this.lease(pool, wanted, kind, mark));
  }

  private async lease(pool: PoolRef, wanted: string, kind: Lease['kind'], mark: () => readonly Op[]): Promise<Cidr> {
    const { result, index } = await transact(this.store, async (): Promise<Attempt<Choice>> => {
      const choice = wanted === '' ? await this.chooseFree(pool, kind) : await this.take(pool, parseIp(wanted), kind);
      return { ops: [...choice.ops, ...mark()], result: choice };
    });
    const { cidr } = result.pool;
    this.births.begin(keys.lease(cidr, result.ip));
    if (kind === 'endpoint') this.issued.set(keys.lease(cidr, result.ip), index);
    return inPool(result.ip, cidr);
  }

  private value(pool: PoolRef, ip: Ip, kind: Lease['kind']): string {
    return formatLease({ pool: pool.cidr, address: ip, node: this.self, kind, created: Date.now() });
  }

  /** A wanted address is free, or held by an endpoint of this host that a power loss took away. */
  private async take(pool: PoolRef, ip: Ip, kind: Lease['kind']): Promise<Choice> {
    if (!contains(pool.cidr, ip))
      throw new UserError(`address ${ip} lies outside of the subnet ${pool.cidr}; choose one inside`);
    if (!isHostAddress(pool.cidr, ip))
      throw new UserError(`address ${ip} stands for the whole subnet ${pool.cidr}; choose one for a single host`);
    const key = keys.lease(pool.cidr, ip);
    const value = this.value(pool, ip, kind);
    const held = await this.findReadable(pool.cidr, ip);
    const end = this.released.endOp(pool.cidr, ip);
    if (held === undefined) return { pool, ip, ops: [{ verb: 'create', key, value }, end] };
    if (this.isLeftOver(held)) return { pool, ip, ops: [{ verb: 'update', key, value, index: held.index }, end] };
    const cure = held.kind === 'endpoint' ? ' or remove that container' : '';
    throw new UserError(`address ${ip} is already ${await this.holder(held)}; choose another${cure}`);
  }

  /** The first free address of the pool, or of another subnet of its network: the engine itself never asks there. */
  private async chooseFree(pool: PoolRef, kind: Lease['kind']): Promise<Choice> {
    const siblings = kind === 'endpoint' ? this.room.siblings(pool) : [];
    for (const candidate of [pool, ...siblings]) {
      const found = await this.room.nextFree(candidate);
      if (found === undefined) continue;
      const op: Op = {
        verb: 'create',
        key: keys.lease(candidate.cidr, found.ip),
        value: this.value(candidate, found.ip, kind),
      };
      const end = found.rested ? [] : [this.released.endOp(candidate.cidr, found.ip)];
      return { pool: candidate, ip: found.ip, ops: [op, ...end] };
    }
    const full = [pool, ...siblings].map((p) => p.range ?? p.cidr).join(' and ');
    throw new UserError(`no address is free in ${full}; remove containers, or make the network with a larger --subnet`);
  }

  private isAbandoned(lease: Lease): boolean {
    return this.births.age(keys.lease(lease.pool, lease.address)) > ABANDONED_MS;
  }

  /** Ours, and serving nothing that lives: what a power loss or a crash left behind. */
  private isLeftOver(lease: Lease): boolean {
    if (lease.node !== this.self || lease.kind !== 'endpoint') return false;
    if (lease.endpoint !== undefined) return !this.local.isLive(lease.endpoint);
    return !this.births.has(keys.lease(lease.pool, lease.address)) || this.isAbandoned(lease);
  }

  /** A network's pool is known without asking, unless our view has not seen the network yet. */
  private async pool(cidr: Cidr): Promise<PoolRef> {
    for (const network of this.view.current.networks.values()) {
      const known = poolOf(network, cidr);
      if (known !== undefined) return known;
    }
    const claim = await this.pools.get(cidr);
    if (claim !== undefined && claim.network === undefined) return { cidr, range: claim.range };
    const network = claim?.network === undefined ? undefined : await this.networks.get(claim.network);
    const pool = network && poolOf(network, cidr);
    if (pool === undefined)
      throw new UserError(`pool ${cidr} is not claimed in the cluster; its network has been removed`);
    return pool;
  }

  private subnet({ network, cidr }: PoolRef): Subnet | undefined {
    return network?.subnets.find((s) => s.pool === cidr);
  }
}

export const dropLease = (lease: Lease): Op => ({
  verb: 'delete',
  key: keys.lease(lease.pool, lease.address),
  index: lease.index,
});
