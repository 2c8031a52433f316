/** Leases as the store has them: who holds an address. */

import type { Op, Store } from '../../model/ports/ports.js';
import { ipOf } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Cidr, EndpointId, Ip, Lease, NodeId, Subnet } from '../../model/values/types.js';
import { parseEndpoint, parseLease, readable } from '../../store/records/records.js';
import { listInSlices } from '../../store/slices.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Pools } from './pools.js';

export class Leases {
  constructor(
    private readonly store: Pick<Store, 'get' | 'keys' | 'list'>,
    private readonly view: Pick<ClusterView, 'current'>,
    private readonly pools: Pick<Pools, 'get'>,
  ) {}

  async find(cidr: Cidr, ip: Ip): Promise<Lease | undefined> {
    const entry = await this.store.get(keys.lease(cidr, ip));
    return entry === undefined ? undefined : parseLease(entry);
  }

  /** The same for whoever wants the address. Throws a UserError for a record that cannot be read: it is taken. */
  async findReadable(cidr: Cidr, ip: Ip): Promise<Lease | undefined> {
    const entry = await this.store.get(keys.lease(cidr, ip));
    return entry === undefined ? undefined : readable(entry, parseLease);
  }

  /** Those of a node in a pool, some at a time. Of the others, which may be thousands, nothing is parsed. */
  async *ofNode(cidr: Cidr, node: NodeId): AsyncGenerator<readonly Lease[]> {
    for await (const entries of listInSlices(this.store, keys.leases(cidr)))
      yield entries
        .filter((entry) => entry.value.includes(node))
        .flatMap((entry) => parseLease(entry) ?? [])
        .filter((lease) => lease.node === node);
  }

  /** The endpoint that an address serves; undefined when it serves none. */
  async holder(cidr: Cidr, ip: Ip): Promise<EndpointId | undefined> {
    return (await this.find(cidr, ip))?.endpoint;
  }

  /** Who holds an address, in words for the prompt. */
  async describe(lease: Lease): Promise<string> {
    const host = `host ${this.view.current.nodes.get(lease.node)?.hostname ?? lease.node}`;
    if (lease.kind !== 'endpoint')
      return `reserved as ${lease.kind === 'aux' ? 'an auxiliary address' : 'the gateway'}`;
    const name = lease.endpoint === undefined ? undefined : await this.nameOf(lease, lease.endpoint);
    return name === undefined ? `held by a container on ${host}` : `held by container ${name} on ${host}`;
  }

  /** From the store: this host need not take part in the network. */
  private async nameOf({ pool, node }: Lease, id: EndpointId): Promise<string | undefined> {
    const network = (await this.pools.get(pool))?.network;
    const entry = network === undefined ? undefined : await this.store.get(keys.endpoint(network, node, id));
    return entry === undefined ? undefined : parseEndpoint(entry)?.names[0];
  }
}

/** A subnet's gateway and auxiliary addresses, leased so that no host hands them out. */
export function reservedLeases(subnet: Omit<Subnet, 'vni'>, node: NodeId): readonly Omit<Lease, 'index'>[] {
  const lease = (address: Ip, kind: Lease['kind']) => ({
    ...{ pool: subnet.pool, address, node, kind },
    created: Date.now(),
  });
  return [
    ...(subnet.gateway === undefined ? [] : [lease(ipOf(subnet.gateway), 'gateway')]),
    ...Object.values(subnet.aux).map((ip) => lease(ip, 'aux')),
  ];
}

export const dropLease = (lease: Lease): Op => ({
  verb: 'delete',
  key: keys.lease(lease.pool, lease.address),
  index: lease.index,
});
