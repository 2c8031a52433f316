/** What one network's namespace on this host should look like: a pure function of the cluster. */

import { contains, familyOf, ipOf, networkOf } from '../values/address.js';
import { bridgeMac, bridgeName, containerEnd, namespaceName, OPTION_MULTICAST, vxlanName } from '../values/names.js';
import type {
  Cidr,
  Cluster,
  Endpoint,
  EndpointId,
  Ip,
  NamespaceName,
  Network,
  Node,
  NodeAddress,
  NodeId,
  Subnet,
} from '../values/types.js';
import { holding } from './antispoof.js';
import { layoutOf } from './layout.js';
import type { BridgePlan, FloodPlan, NamespacePlan, PeerPlan, PortPlan, Route } from './steps.js';
import { segmentOf, walk } from './walk.js';

/** IP, UDP, VXLAN and inner Ethernet headers (RFC 7348), by the underlay's family, bytes. */
const VXLAN_OVERHEAD = { 4: 50, 6: 70 } as const;

/** The part of the plan that is this host's own and not the cluster's. */
export interface Self {
  readonly id: NodeId;
  readonly address: NodeAddress;
  /** The cluster's UDP port for VXLAN. */
  readonly port: number;
  /** MTU of the advertised interface, bytes. */
  readonly mtu: number;
  /** Endpoints whose Join has been called: the engine is about to fetch their links. */
  readonly joined: ReadonlySet<EndpointId>;
  /** The namespace files of containers whose links the engine has fetched already. */
  readonly sandboxes: ReadonlyMap<EndpointId, string>;
}

/** The MTU inside a network: the user's underlay MTU, or this host's, less the overhead of VXLAN. */
export const overlayMtu = (network: Network, self: Pick<Self, 'address' | 'mtu'>): number =>
  (network.mtu ?? self.mtu) - VXLAN_OVERHEAD[familyOf(self.address)];

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
      ...(hasMulticast(network) && length === 1 ? { flooding: { gateways: subnets.flatMap(gatewaysOf) } } : {}),
    })),
    ports: own.map((endpoint) => portPlan(network, self, endpoint, mtu)),
    peers,
    floods: hasMulticast(network) ? floods(peers) : [],
  };
}

interface MadePort {
  readonly network: Network;
  readonly mtu: number;
  /** Who puts the container's end where. */
  readonly way: string;
  readonly port: PortPlan;
}

const portsOf = new WeakMap<Endpoint, MadePort>();

function portPlan(network: Network, self: Self, endpoint: Endpoint, mtu: number): PortPlan {
  const sandbox = self.sandboxes.get(endpoint.id);
  const way = sandbox ?? (self.joined.has(endpoint.id) ? 'engine' : 'nobody');
  const known = portsOf.get(endpoint);
  if (known?.network === network && known.mtu === mtu && known.way === way) return known.port;
  const port = {
    endpoint: endpoint.id,
    bridge: bridgeName(segmentOf(network, endpoint)),
    containerEnd: containerEnd(endpoint.id),
    mtu,
    mac: endpoint.mac,
    addresses: endpoint.addresses,
    end: endOf(network, self, endpoint),
    ...holding(network, endpoint),
  };
  portsOf.set(endpoint, { network, mtu, way, port });
  return port;
}

function endOf(network: Network, self: Self, endpoint: Endpoint): PortPlan['end'] {
  const sandbox = self.sandboxes.get(endpoint.id);
  if (sandbox === undefined) return self.joined.has(endpoint.id) ? 'engine' : 'nobody';
  const { mac, addresses } = endpoint;
  return { sandbox, mac, addresses, routes: staticRoutes(network, addresses) };
}

/** From a container to the other subnets of its network, through its own subnet's gateway. */
export function staticRoutes(network: Network, addresses: readonly Cidr[]): readonly Route[] {
  const own = addresses.map(networkOf);
  const gateway = network.subnets.find((s) => own.includes(s.pool))?.gateway;
  if (gateway === undefined) return [];
  return layoutOf(network)
    .segments.flat()
    .filter((s) => !own.includes(s.pool) && familyOf(s.pool) === familyOf(gateway))
    .map((s) => ({ to: s.pool, via: ipOf(gateway) }));
}

const gatewaysOf = ({ gateway }: Subnet): readonly Ip[] => (gateway === undefined ? [] : [ipOf(gateway)]);

/** Each host once per device, whatever number of endpoints it has there. */
function floods(peers: readonly PeerPlan[]): readonly FloodPlan[] {
  const found = new Map<string, FloodPlan>();
  for (const { vxlan, vtep } of peers) found.set(`${vxlan} ${vtep}`, { vxlan, vtep });
  return [...found.values()];
}

function bridgePlan(self: Self, subnets: readonly Subnet[], i: number, mtu: number): BridgePlan {
  return {
    name: bridgeName(i),
    vxlan: vxlanName(i),
    vni: subnets[0]?.vni ?? 0,
    local: self.address,
    port: self.port,
    mtu,
    mac: bridgeMac(self.id),
    addresses: subnets.flatMap((s) => (s.gateway === undefined ? [] : [s.gateway])),
  };
}

/** The node whose VTEP lies in the subnet, if any: such a network would cut its containers off that host. */
export const underlayInside = (pool: string, nodes: Iterable<Node>): Node | undefined =>
  [...nodes].find((node) => contains(pool, node.address));

/** Living nodes whose VTEP is of the other family than `self`; a dead one's record may be that of an older setting. */
export const beyondVxlan = (nodes: Iterable<Node>, self: NodeAddress): readonly Node[] =>
  [...nodes].filter((node) => node.alive && familyOf(node.address) !== familyOf(self));
