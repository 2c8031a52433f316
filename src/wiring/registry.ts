/** What hosts claim of the cluster and must never hold twice: pools, addresses, networks, endpoints. */
import { Underway } from '../registry/changes/underway.js';
import { EndpointLeases } from '../registry/endpoints/endpoint-leases.js';
import { Endpoints } from '../registry/endpoints/endpoints.js';
import { Macs } from '../registry/endpoints/macs.js';
import { Peers } from '../registry/endpoints/peers.js';
import { AddressCooldown } from '../registry/ipam/address-cooldown.js';
import { Ipam } from '../registry/ipam/ipam.js';
import { Leases } from '../registry/ipam/leases.js';
import { Pools } from '../registry/ipam/pools.js';
import { Networks } from '../registry/networks/networks.js';
import type { ClusterParts } from './cluster.js';
import type { Ground } from './ground.js';

export type Registry = ReturnType<typeof makeRegistry>;

export function makeRegistry({ store, self, identity }: Ground, { view, membership, local, heads }: ClusterParts) {
  const pools = new Pools({ store, view, self });
  const leases = new Leases(store, view, pools);
  const cooldown = new AddressCooldown(store, self);
  const networks = new Networks({ store, view, self, pools });
  const ipam = new Ipam({ store, view, self, pools, leases, networks, membership, local, cooldown, identity });
  const endpointLeases = new EndpointLeases({ store, view, self, ipam, leases, local });
  const endpoints = new Endpoints({ store, view, self, networks, leases: endpointLeases, membership, local, heads });
  const peers = new Peers({ view, self, local, leases });
  const macs = new Macs(store, view);
  const underway = new Underway();
  return { pools, cooldown, networks, ipam, endpoints, endpointLeases, peers, macs, underway };
}
