/** What one network's namespace on this host should look like: a pure function of the cluster. */

import { UPLINK_GATEWAY, uplinkAddress } from '../uplink/uplink.js';
import { ipOf } from '../values/address.js';
import {
  bridgeMac,
  bridgeName,
  namespaceName,
  OPTION_MULTICAST,
  UPLINK,
  uplinkEnd,
  vxlanName,
} from '../values/names.js';
import type { Cluster, Ip, NamespaceName, Network, Subnet } from '../values/types.js';
import { layoutOf } from './layout.js';
import type { BridgePlan, FloodPlan, NamespacePlan, PeerPlan } from './namespace-plan.js';
import { walk } from './peers.js';
import { portPlan } from './ports.js';
import type { Self } from './self.js';
import { accelerationOf, isEncrypted, overlayMtu } from './underlay.js';

const hasMulticast = (network: Network): boolean => network.options[OPTION_MULTICAST] === 'on';

type Networks = Cluster['networks'];

const byNamespace = new WeakMap<Networks, ReadonlyMap<NamespaceName, Network>>();

/** Ids that begin alike are no accident: the namespace is the older network's. */
export function networkOfNamespace({ networks }: Cluster, name: NamespaceName): Network | undefined {
  const known = byNamespace.get(networks);
  if (known !== undefined) return known.get(name);
  const owners = new Map<NamespaceName, Network>();
  for (const network of networks.values()) {
    const of = namespaceName(network.id);
    const other = owners.get(of);
    if (other === undefined || (other.born ?? 0) > (network.born ?? 0)) owners.set(of, network);
  }
  byNamespace.set(networks, owners);
  return owners.get(name);
}

/**
 * Undefined when the namespace should not be there: no such network, or no endpoint of it lives here.
 *
 * Ports and peers are made once for each record and keep their identity while it does, so that of two plans only what
 * differs has to be looked at (see `change.ts`): walking 5,000 records costs less than making one of them.
 */
export function plan(cluster: Cluster, self: Self, name: NamespaceName): NamespacePlan | undefined {
  const network = networkOfNamespace(cluster, name);
  if (network === undefined) return undefined;
  const mtu = overlayMtu(network, self);
  const { own, peers } = walk(cluster, network, self);
  if (own.length === 0) return undefined;
  return {
    name,
    network: network.id,
    bridges: layoutOf(network).segments.map((subnets, i, { length }) => ({
      ...bridgePlan(self, subnets, i, mtu),
      ...(isEncrypted(network.options) ? {} : { local: self.address }),
      ...(hasMulticast(network) && length === 1 ? { flooding: { gateways: subnets.flatMap(gatewaysOf) } } : {}),
    })),
    ports: own.map((endpoint) => portPlan(network, self, endpoint, mtu)),
    peers,
    floods: hasMulticast(network) ? floods(peers) : [],
    ...accelerationOf(network, self, mtu),
    ...uplinkOf(cluster, network, name, mtu),
  };
}

const gatewaysOf = ({ gateway }: Subnet): readonly Ip[] => (gateway === undefined ? [] : [ipOf(gateway)]);

/** Each host once per device, whatever number of endpoints it has there. */
function floods(peers: readonly PeerPlan[]): readonly FloodPlan[] {
  const found = new Map<string, FloodPlan>();
  for (const { vxlan, vtep } of peers) found.set(`${vxlan} ${vtep}`, { vxlan, vtep });
  return [...found.values()];
}

function uplinkOf(
  { networks }: Cluster,
  network: Network,
  name: NamespaceName,
  mtu: number,
): Pick<NamespacePlan, 'uplink'> {
  const address = uplinkAddress(networks, network);
  return address === undefined
    ? {}
    : { uplink: { link: UPLINK, hostEnd: uplinkEnd(name), mtu, address, via: UPLINK_GATEWAY } };
}

function bridgePlan(self: Self, subnets: readonly Subnet[], i: number, mtu: number): BridgePlan {
  return {
    name: bridgeName(i),
    vxlan: vxlanName(i),
    vni: subnets[0]?.vni ?? 0,
    port: self.port,
    mtu,
    mac: bridgeMac(self.id),
    addresses: subnets.flatMap((s) => (s.gateway === undefined ? [] : [s.gateway])),
  };
}
