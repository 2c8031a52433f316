/** What each endpoint of a network is to this host; made once for each record. Pure. */
import { familyOf, ipPart } from '../values/address.js';
import { vxlanName } from '../values/names.js';
import type { Cluster, Endpoint, Ip, Network, NodeAddress } from '../values/types.js';
import { isEncrypted } from './encryption.js';
import { segmentOf } from './layout.js';
import type { PeerPlan } from './namespace-plan.js';
import type { Self } from './self.js';

/** Where the endpoint's host takes VXLAN now; undefined for a host that is not known, or that cannot be sent to. */
function vtepOf(
  nodes: Cluster['nodes'],
  network: Network,
  self: Who,
  { node }: Endpoint,
): NodeAddress | Ip | undefined {
  if (isEncrypted(network.options)) return self.meshVteps.get(node);
  const address = nodes.get(node)?.address;
  // A VXLAN device sends to one family alone.
  return address === undefined || familyOf(address) !== familyOf(self.address) ? undefined : address;
}

/** What an endpoint is to this host: one of its own, or what its VXLAN devices have to know of it. */
type Part = 'own' | readonly PeerPlan[];

interface Met {
  readonly endpoint: Endpoint;
  readonly part: Part;
}

type Who = Pick<Self, 'id' | 'address' | 'meshVteps'>;

interface Walk {
  readonly nodes: Cluster['nodes'];
  readonly self: Who;
  readonly met: readonly Met[];
}

const walks = new WeakMap<Network, Walk>();

/** A walk over the network's endpoints meets nearly all those that the last one met, in nearly the same order. */
export function walk({ endpoints, nodes }: Cluster, network: Network, who: Who): readonly Met[] {
  const { id, address, meshVteps } = who;
  const last = walks.get(network);
  const isSame =
    last?.nodes === nodes &&
    last.self.id === id &&
    last.self.address === address &&
    (last.self.meshVteps === meshVteps || !isEncrypted(network.options));
  const self = isSame ? last.self : { id, address, meshVteps };
  const before = isSame ? last.met : [];
  const met: Met[] = [];
  let at = 0;
  for (const endpoint of endpoints.get(network.id)?.values() ?? []) {
    if (before[at]?.endpoint !== endpoint && before[at + 1]?.endpoint === endpoint) at++;
    const again = before[at];
    if (again?.endpoint === endpoint) at++;
    met.push(again?.endpoint === endpoint ? again : { endpoint, part: partOf(nodes, network, self, endpoint) });
  }
  walks.set(network, { nodes, self, met });
  return met;
}

function partOf(nodes: Cluster['nodes'], network: Network, self: Who, endpoint: Endpoint): Part {
  if (endpoint.node === self.id) return 'own';
  const vtep = vtepOf(nodes, network, self, endpoint);
  return vtep === undefined ? [] : peerPlans(network, endpoint, vtep);
}

interface Peering {
  readonly network: Network;
  readonly vtep: NodeAddress | Ip;
  readonly peers: readonly PeerPlan[];
}

const peerings = new WeakMap<Endpoint, Peering>();

function peerPlans(network: Network, endpoint: Endpoint, vtep: NodeAddress | Ip): readonly PeerPlan[] {
  const known = peerings.get(endpoint);
  if (known?.network === network && known.vtep === vtep) return known.peers;
  const vxlan = vxlanName(segmentOf(network, endpoint));
  // A network's record becomes another one when it gets its name, and says the same of its endpoints.
  const same = known?.peers.every((peer) => peer.vxlan === vxlan && peer.vtep === vtep) ? known.peers : undefined;
  const peers = same ?? endpoint.addresses.map((a) => ({ vxlan, ip: ipPart(a), mac: endpoint.mac, vtep }));
  peerings.set(endpoint, { network, vtep, peers });
  return peers;
}
