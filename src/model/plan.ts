/** What one network's namespace on this host should look like: a pure function of the cluster. */
import { contains, familyOf, ipOf, networkOf } from './address.js';
import { holding } from './antispoof.js';
import { bridgeName, containerEnd, namespaceName, OPTION_MULTICAST, vxlanName } from './names.js';
import type { BridgePlan, FloodPlan, NamespacePlan, PortPlan, Route } from './steps.js';
import type {
  Cidr,
  Cluster,
  Endpoint,
  EndpointId,
  NamespaceName,
  Network,
  Node,
  NodeAddress,
  NodeId,
  Subnet,
} from './types.js';

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

/** Subnets that share a VNI share a bridge: an IPv6 subnet rides with the IPv4 one beside it. */
export function segments(network: Network): ReadonlyMap<number, readonly Subnet[]> {
  const byVni = new Map<number, Subnet[]>();
  for (const subnet of network.subnets) byVni.set(subnet.vni, [...(byVni.get(subnet.vni) ?? []), subnet]);
  return byVni;
}

/** The bridges that addresses belong to, each once; -1 for an address of no subnet. */
export function segmentsOf(network: Network, addresses: readonly Cidr[]): readonly number[] {
  const parts = [...segments(network).values()];
  return [
    ...new Set(addresses.map((a) => parts.findIndex((subnets) => subnets.some((s) => contains(s.pool, ipOf(a)))))),
  ];
}

const hasMulticast = (network: Network): boolean => network.options[OPTION_MULTICAST] === 'on';

/** Ids that begin alike are no accident: the namespace is the older network's. */
export const networkOfNamespace = (cluster: Cluster, name: NamespaceName): Network | undefined =>
  [...cluster.networks.values()]
    .filter((network) => namespaceName(network.id) === name)
    .reduce<Network | undefined>((best, n) => (best && (best.born ?? 0) <= (n.born ?? 0) ? best : n), undefined);

/** Undefined when the namespace should not be there: no such network, or no endpoint of it lives here. */
export function plan(cluster: Cluster, self: Self, name: NamespaceName): NamespacePlan | undefined {
  const network = networkOfNamespace(cluster, name);
  if (network === undefined) return undefined;
  const endpoints = [...(cluster.endpoints.get(network.id)?.values() ?? [])];
  const local = endpoints.filter((e) => e.node === self.id);
  if (local.length === 0) return undefined;

  const remote = endpoints.flatMap((e) => (e.node === self.id ? [] : remoteOf(cluster, self, e)));
  const mtu = overlayMtu(network, self);
  const parts = [...segments(network).values()];
  const segmentOf = (e: Endpoint): number => Math.max(0, segmentsOf(network, e.addresses)[0] ?? 0);
  return {
    name,
    network: network.id,
    bridges: parts.map((subnets, i) => bridgePlan(self, subnets, i, mtu)),
    ports: local.map((e) => ({
      endpoint: e.id,
      bridge: bridgeName(segmentOf(e)),
      containerEnd: containerEnd(e.id),
      mtu,
      mac: e.mac,
      end: endOf(network, self, e),
      ...holding(network, e),
    })),
    peers: remote.flatMap(({ endpoint, vtep }) => {
      const vxlan = vxlanName(segmentOf(endpoint));
      return endpoint.addresses.map((a) => ({ vxlan, ip: ipOf(a), mac: endpoint.mac, vtep }));
    }),
    floods: hasMulticast(network) ? floods(remote, segmentOf) : [],
  };
}

interface Remote {
  readonly endpoint: Endpoint;
  readonly vtep: NodeAddress;
}

/** Where its host is now; nothing for one that is not known, or of the other family, which no VXLAN device sends to. */
function remoteOf(cluster: Cluster, self: Self, endpoint: Endpoint): readonly Remote[] {
  const vtep = cluster.nodes.get(endpoint.node)?.address;
  return vtep === undefined || familyOf(vtep) !== familyOf(self.address) ? [] : [{ endpoint, vtep }];
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
  return [...segments(network).values()]
    .flat()
    .filter((s) => !own.includes(s.pool) && familyOf(s.pool) === familyOf(gateway))
    .map((s) => ({ to: s.pool, via: ipOf(gateway) }));
}

/** Each host once per device, whatever number of endpoints it has there. */
function floods(remote: readonly Remote[], segmentOf: (e: Endpoint) => number): readonly FloodPlan[] {
  const found = new Map<string, FloodPlan>();
  for (const { endpoint, vtep } of remote) {
    const vxlan = vxlanName(segmentOf(endpoint));
    found.set(`${vxlan} ${vtep}`, { vxlan, vtep });
  }
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
    addresses: subnets.flatMap((s) => (s.gateway === undefined ? [] : [s.gateway])),
  };
}

/** The node whose VTEP lies in the subnet, if any: such a network would cut its containers off that host. */
export const underlayInside = (pool: string, nodes: Iterable<Node>): Node | undefined =>
  [...nodes].find((node) => contains(pool, node.address));

/** Living nodes whose VTEP is of the other family than `self`; a dead one's record may be that of an older setting. */
export const beyondVxlan = (nodes: Iterable<Node>, self: NodeAddress): readonly Node[] =>
  [...nodes].filter((node) => node.alive && familyOf(node.address) !== familyOf(self));
