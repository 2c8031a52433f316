/** The addresses of this host's endpoints: taken up with the endpoint, given back with it, freed where it never came. */
import { UserError } from '../../errors.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { ipOf, networkOf } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Cidr, Endpoint, EndpointId, Lease, Network, NetworkId, NodeId } from '../../model/values/types.js';
import { formatLease } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Ipam } from '../ipam/ipam.js';
import { dropLease, type Leases } from '../ipam/leases.js';
import type { LocalEndpoints } from '../local/local-endpoints.js';

export interface EndpointLeasesParts {
  readonly store: Pick<Store, 'commit'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly self: NodeId;
  readonly ipam: Pick<Ipam, 'issued'>;
  readonly leases: Leases;
  readonly local: Pick<LocalEndpoints, 'isLive'>;
}

export class EndpointLeases {
  constructor(private readonly parts: EndpointLeasesParts) {}

  /** Part of the transaction that makes the endpoint. Throws a UserError for an address that is another one's. */
  async takeOp(network: Network, address: Cidr, endpoint: EndpointId, leased: boolean): Promise<Op> {
    const [pool, ip] = [networkOf(address), ipOf(address)];
    const key = keys.lease(pool, ip);
    const value = formatLease({
      pool,
      address: ip,
      node: this.parts.self,
      kind: 'endpoint',
      endpoint,
      created: Date.now(),
    });
    const issued = this.parts.ipam.issued.take(pool, ip);
    if (issued !== undefined) return { verb: 'update', key, value, index: issued };
    const held = await this.parts.leases.findReadable(pool, ip);
    if (held === undefined) return { verb: 'create', key, value };
    const free = held.endpoint === undefined || held.endpoint === endpoint || !this.parts.local.isLive(held.endpoint);
    if (held.node === this.parts.self && held.kind === 'endpoint' && free)
      return { verb: 'update', key, value, index: held.index };
    const cure = leased
      ? 'choose another'
      : `create network ${network.announced?.name ?? ''} with --ipam-driver tsoverlay, which hands addresses out cluster-wide`;
    throw new UserError(`address ${ip} is already ${await this.parts.leases.describe(held)}; ${cure}`);
  }

  /** Part of the transaction that removes it. */
  async dropOps(endpoint: Endpoint): Promise<readonly Op[]> {
    const leases = await Promise.all(endpoint.addresses.map((a) => this.parts.leases.find(networkOf(a), ipOf(a))));
    return leases.flatMap((lease) => (lease?.endpoint === endpoint.id ? [dropLease(lease)] : []));
  }

  /** The endpoint stands: they go with it. */
  taken(addresses: readonly Cidr[]): void {
    for (const a of addresses) this.parts.ipam.issued.taken(networkOf(a), ipOf(a));
  }

  /** It goes without them: the engine gives them back, if it lives to do so. */
  owe(addresses: readonly Cidr[]): void {
    for (const a of addresses) this.parts.ipam.issued.owe(networkOf(a), ipOf(a));
  }

  /**
   * Frees what this process has given out and nobody took up, and what was not given back. Returns how many.
   * `attached`: endpoints that the engine has, whatever became of their records.
   */
  async reapOwed(attached: ReadonlySet<EndpointId>): Promise<number> {
    const { ipam, leases, store } = this.parts;
    let freed = 0;
    for (const place of ipam.issued.due) {
      const lease = await leases.find(place.pool, place.address);
      if (lease?.node === this.parts.self && lease.kind === 'endpoint') {
        // It serves somebody, or was given out or changed just now: until the next look.
        if (!this.isAbandoned(lease, attached) || !(await store.commit([dropLease(lease)])).ok) continue;
        freed++;
      }
      ipam.issued.settle(place);
    }
    return freed;
  }

  /** The same for all leases of this node in a network, whoever gave them out. */
  async reap(network: NetworkId, attached: ReadonlySet<EndpointId>): Promise<number> {
    const known = this.parts.view.current.networks.get(network);
    let freed = 0;
    for (const { pool } of known?.subnets ?? [])
      for await (const own of this.parts.leases.ofNode(pool, this.parts.self))
        for (const lease of own)
          if (this.isAbandoned(lease, attached) && (await this.parts.store.commit([dropLease(lease)])).ok) freed++;
    return freed;
  }

  /** Asked after the lease was read: its endpoint may be made meanwhile, and its address given out again. */
  private isAbandoned(lease: Lease, attached: ReadonlySet<EndpointId>): boolean {
    return lease.kind === 'endpoint' && this.parts.ipam.issued.isAbandoned(lease) && !this.serves(lease, attached);
  }

  private serves({ endpoint: id }: Lease, attached: ReadonlySet<EndpointId>): boolean {
    if (id === undefined) return false;
    if (attached.has(id) || this.parts.local.isLive(id)) return true;
    return [...this.parts.view.current.endpoints.values()].some((all) => all.get(id)?.node === this.parts.self);
  }
}
