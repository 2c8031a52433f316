/** The addresses of this host's endpoints: taken up with the endpoint, given back with it, freed where it never came. */
import { UserError } from '../../errors.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { ipOf, networkOf } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Cidr, Endpoint, EndpointId, Network, NetworkId, NodeId } from '../../model/values/types.js';
import { formatLease } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Ipam } from '../ipam/ipam.js';
import { dropLease, type Leases } from '../ipam/leases.js';
import type { LocalEndpoints } from '../local/local-endpoints.js';
import type { Membership } from '../local/membership.js';

export interface EndpointLeasesParts {
  readonly store: Pick<Store, 'commit'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly self: NodeId;
  readonly ipam: Pick<Ipam, 'abandoned' | 'takeIssued'>;
  readonly leases: Leases;
  readonly membership: Pick<Membership, 'own'>;
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
    const issued = this.parts.ipam.takeIssued(pool, ip);
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

  /**
   * Frees leases of this node that no endpoint took up, or whose endpoint is gone. Returns how many.
   * `attached`: endpoints that the engine has, whatever became of their records.
   */
  async reap(network: NetworkId, attached: ReadonlySet<EndpointId>): Promise<number> {
    const known = this.parts.view.current.networks.get(network);
    // Asked of each lease after it was read: its endpoint may be made meanwhile.
    const serves = (id: EndpointId): boolean =>
      attached.has(id) || this.parts.local.isLive(id) || this.parts.membership.own(network).some((e) => e.id === id);
    let freed = 0;
    for (const { pool } of known?.subnets ?? [])
      for (const lease of await this.parts.ipam.abandoned(pool, serves))
        if ((await this.parts.store.commit([dropLease(lease)])).ok) freed++;
    return freed;
  }
}
