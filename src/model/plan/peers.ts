/** What each endpoint of a network is to a host, kept from one state of the cluster to the next. */
import { familyOf, ipPart } from '../values/address.js';
import { differing, tellDifferences } from '../values/differing.js';
import { vxlanName } from '../values/names.js';
import type { Cluster, Endpoint, EndpointId, Ip, Network, NodeAddress } from '../values/types.js';
import { segmentOf } from './layout.js';
import type { PeerPlan } from './namespace-plan.js';
import type { Self } from './self.js';
import { isEncrypted } from './underlay.js';

type Who = Pick<Self, 'id' | 'address' | 'meshVteps'>;

/** A network's endpoints by what they are to this host. */
export interface Walk {
  readonly nodes: Cluster['nodes'];
  readonly self: Who;
  readonly all: ReadonlyMap<EndpointId, Endpoint>;
  readonly own: readonly Endpoint[];
  /** What its VXLAN devices have to know of the others. */
  readonly peers: readonly PeerPlan[];
}

const walks = new WeakMap<Network, Walk>();
/** More changes than so many: all are looked at. */
const MOST_CHANGED = 64;

/** Nearly all endpoints are those of the last walk: only what has changed since is looked at. */
export function walk({ endpoints, nodes }: Cluster, network: Network, { id, address, meshVteps }: Who): Walk {
  const last = walks.get(network);
  const all = endpoints.get(network.id) ?? new Map<EndpointId, Endpoint>();
  const isSame =
    last?.nodes === nodes &&
    last.self.id === id &&
    last.self.address === address &&
    (last.self.meshVteps === meshVteps || !isEncrypted(network.options));
  const now = (isSame && step(network, last, all)) || walked(network, { nodes, self: { id, address, meshVteps }, all });
  walks.set(network, now);
  return now;
}

function walked(network: Network, from: Omit<Walk, 'own' | 'peers'>): Walk {
  const own: Endpoint[] = [];
  const peers: PeerPlan[] = [];
  for (const endpoint of from.all.values()) {
    if (endpoint.node === from.self.id) own.push(endpoint);
    for (const peer of peersOf(network, from, endpoint)) peers.push(peer);
  }
  return { ...from, own, peers };
}

/** Undefined when it is too far. The lists keep their identity where nothing of them is changed; their order says nothing. */
function step(network: Network, last: Walk, all: Walk['all']): Walk | undefined {
  const changed = differing(last.all, all);
  if (changed.length > MOST_CHANGED) return undefined;
  let { own, peers } = last;
  const [gone, come]: [PeerPlan[], PeerPlan[]] = [[], []];
  for (const id of changed) {
    const [was, is] = [last.all.get(id), all.get(id)].map((e) => (e === undefined ? [] : [e]));
    const isOwn = (e: Endpoint): boolean => e.node === last.self.id;
    const peersIn = (some: readonly Endpoint[] = []) => some.flatMap((e) => peersOf(network, last, e));
    const [wasSeen, isSeen] = [peersIn(was), peersIn(is)];
    const [owned, seen] = [replaced(own, was?.filter(isOwn), is?.filter(isOwn)), replaced(peers, wasSeen, isSeen)];
    if (owned === undefined || seen === undefined) return undefined;
    [own, peers] = [owned, seen];
    gone.push(...wasSeen.filter((peer) => !isSeen.includes(peer)));
    come.push(...isSeen.filter((peer) => !wasSeen.includes(peer)));
  }
  if (peers !== last.peers) tellDifferences(last.peers, peers, [gone, come]);
  return { ...last, all, own, peers };
}

/** Those of one endpoint stand together. Undefined when they are not there. */
function replaced<T>(list: readonly T[], was: readonly T[] = [], is: readonly T[] = []): readonly T[] | undefined {
  const [first] = was;
  if (first === undefined) return is.length === 0 ? list : list.concat(is);
  const at = list.indexOf(first);
  return at < 0 ? undefined : list.toSpliced(at, was.length, ...is);
}

/** Where the endpoint's host takes VXLAN now; undefined for a host that is not known, or that cannot be sent to. */
function vtepOf(
  network: Network,
  { nodes, self }: Pick<Walk, 'nodes' | 'self'>,
  { node }: Endpoint,
): NodeAddress | Ip | undefined {
  if (isEncrypted(network.options)) return self.meshVteps.get(node);
  const address = nodes.get(node)?.address;
  // A VXLAN device sends to one family alone.
  return address === undefined || familyOf(address) !== familyOf(self.address) ? undefined : address;
}

/** None of this host's own, and of hosts that cannot be sent to. */
function peersOf(network: Network, from: Pick<Walk, 'nodes' | 'self'>, endpoint: Endpoint) {
  const vtep = endpoint.node === from.self.id ? undefined : vtepOf(network, from, endpoint);
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
