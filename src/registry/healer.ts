/**
 * Publishes in a store that was wiped or replaced what this host holds: all networks it knows, with the same ids and
 * VNIs, and its own endpoints with their addresses. Create-only throughout: what another host has published stays.
 */
import { ipOf, networkOf } from '../model/address.js';
import { keys } from '../model/names.js';
import type { Op, Store } from '../model/ports.js';
import type { Cluster, Endpoint, Lease, Network, NodeAddress } from '../model/types.js';
import { formatEndpoint, formatLease, formatNetwork, formatPool } from '../store/records.js';
import type { Identity } from './identity.js';
import { reservedLeases } from './networks.js';
import { transact } from './transact.js';

/** What a healing did. `conflicts`: keys that somebody else holds meanwhile. */
export interface Healing {
  readonly networks: number;
  readonly endpoints: number;
  readonly conflicts: readonly string[];
}

export class Healer {
  constructor(
    private readonly store: Store,
    private readonly self: NodeAddress,
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
    for (const network of networks) conflicts.push(...(await this.publish(networkEntries(network))));
    for (const endpoint of endpoints) conflicts.push(...(await this.publish(endpointEntries(endpoint))));
    this.identity.adopt(id);
    return { networks: networks.length, endpoints: endpoints.length, conflicts };
  }

  /** All of a thing or nothing of it. Returns the keys that somebody else holds. */
  private async publish(entries: ReadonlyMap<string, string>): Promise<readonly string[]> {
    const [first = ''] = entries.keys();
    const { result } = await transact(this.store, async () => {
      const found = await Promise.all([...entries.keys()].map((key) => this.store.get(key)));
      if (found[0] !== undefined) return { ops: [], result: [] };
      const taken = found.flatMap((entry) => (entry === undefined || isMark(entry.key) ? [] : [entry.key]));
      if (taken.length > 0) return { ops: [], result: [first, ...taken] };
      const missing = [...entries].filter((_, i) => found[i] === undefined);
      return { ops: missing.map(([key, value]): Op => ({ verb: 'create', key, value })), result: [] };
    });
    return result;
  }
}

const isMark = (key: string): boolean => key.startsWith('members/');

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

function endpointEntries(endpoint: Endpoint): ReadonlyMap<string, string> {
  const { id, node, network } = endpoint;
  const leases = endpoint.addresses.map((address) =>
    leaseEntry({
      ...{ pool: networkOf(address), address: ipOf(address), node, kind: 'endpoint', endpoint: id },
      created: Date.now(),
    }),
  );
  return new Map([[keys.endpoint(network, id), formatEndpoint(endpoint)], ...leases, [keys.member(node, network), '']]);
}

const leaseEntry = (lease: Omit<Lease, 'index'>): [string, string] => [
  keys.lease(lease.pool, lease.address),
  formatLease(lease),
];
