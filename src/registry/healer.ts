/**
 * Publishes in a store that was wiped or replaced what this host holds: all networks it knows, with the same ids and
 * VNIs, and its own endpoints with their addresses. Create-only throughout: what another host has published stays.
 */
import { keys } from '../model/names.js';
import type { Store } from '../model/ports.js';
import type { Cluster, Network, NodeId } from '../model/types.js';
import { formatNetwork, formatPool } from '../store/records.js';
import type { Heads } from './heads.js';
import type { Identity } from './identity.js';
import { reservedLeases } from './leases.js';
import { leaseEntry, publish, publishEndpoint } from './publish.js';

/** What a healing did. `conflicts`: keys that somebody else holds meanwhile. */
export interface Healing {
  readonly networks: number;
  readonly endpoints: number;
  readonly conflicts: readonly string[];
}

export class Healer {
  constructor(
    private readonly store: Store,
    private readonly self: NodeId,
    private readonly heads: Heads,
    private readonly identity: Identity,
  ) {}

  /** Rejects with a StoreError when the store fails half-way; doing it again is safe. */
  async heal(cluster: Cluster): Promise<Healing> {
    const id = await this.identity.read();
    const networks = [...cluster.networks.values()].filter((n) => !n.deleting);
    const endpoints = [...cluster.endpoints.values()]
      .flatMap((all) => [...all.values()])
      .filter((e) => e.node === this.self);
    const conflicts: string[] = [];
    for (const network of networks) conflicts.push(...(await publish(this.store, networkEntries(network))));
    for (const endpoint of endpoints) conflicts.push(...(await publishEndpoint(this.store, this.heads, endpoint)));
    this.identity.adopt(id);
    return { networks: networks.length, endpoints: endpoints.length, conflicts };
  }
}

/** The record first: where it stands, the network has been published. */
function networkEntries(network: Network): ReadonlyMap<string, string> {
  const created = Date.now();
  const pools = network.subnets.map(({ pool }): [string, string] => [
    keys.pool(pool),
    formatPool({ cidr: pool, node: network.creator, network: network.id, created }),
  ]);
  const leases = network.subnets.flatMap((subnet) => reservedLeases(subnet, network.creator)).map(leaseEntry);
  return new Map([
    [keys.network(network.id), formatNetwork(network)],
    ...pools,
    ...leases,
    ...network.subnets.map((s): [string, string] => [keys.vni(s.vni), network.id]),
    ...(network.announced === undefined ? [] : [[keys.name(network.announced.name), network.id] as const]),
  ]);
}
