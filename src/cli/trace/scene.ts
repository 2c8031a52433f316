/** All that a trace looks at: the records, the plan made of them, and what is in the kernel of this host. */
import { askAsContainer } from '../../doctor/looks/asking.js';
import type { Heard } from '../../doctor/looks/heard.js';
import { messageOf, UserError } from '../../errors.js';
import { observeCrypt } from '../../kernel/crypt/crypt-observation.js';
import { LinuxKernel } from '../../kernel/host.js';
import { type Inside, lookInside } from '../../kernel/networks/card.js';
import { VxlanGuard } from '../../kernel/rules/vxlan-guard.js';
import { OWN_NETNS } from '../../kernel/system/netns.js';
import { sound } from '../../model/cluster/sound.js';
import { type CryptSelf, cryptVteps, provenBy } from '../../model/crypt/plan.js';
import type { NamespacePlan } from '../../model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../model/plan/observed.js';
import { plan } from '../../model/plan/plan.js';
import { familyOf } from '../../model/values/address.js';
import { namespaceName } from '../../model/values/names.js';
import type { Cluster, Endpoint, Ip, Network, Node, NodeAddress, NodeId } from '../../model/values/types.js';
import type { Desk } from '../frame/desk.js';
import type { Records } from '../ipam/holders.js';
import { readRecords } from '../ipam/reading.js';
import { type Reading, readCluster } from '../reading/cluster.js';
import { ownMemory, ownPlaces } from '../reading/containers.js';
import { chosenOf, meetingsOf } from './meeting.js';

/** Something that was looked at, or why it could not be. */
export type Look<T> = { readonly seen: T } | { readonly why: string };

export interface Scene {
  readonly reading: Exclude<Reading<Records>, { from: 'nowhere' }>;
  readonly network: Network;
  readonly from: Endpoint;
  /** The endpoint that is meant; it may not count. */
  readonly to: Endpoint;
  readonly ip: Ip;
  /** The name that was given; an address or an id is none. */
  readonly name: string | undefined;
  /** What the container is told of it; undefined where it cannot be asked. */
  readonly heard: Heard | undefined;
  readonly self: NodeId;
  /** Of those, the endpoints that count. */
  readonly cluster: Cluster;
  readonly plan: NamespacePlan | undefined;
  readonly space: Look<ObservedNamespace>;
  readonly inside: Look<Inside>;
  readonly sandbox: string | undefined;
  /** From this host to the other one; undefined where both are on this one, or the other is not known. */
  readonly way: Look<Inside> | undefined;
  readonly guard: Look<{ readonly nodes: ReadonlySet<string>; readonly vnis: ReadonlySet<number> }> | undefined;
}

/** Throws a UserError for containers that are not here, or on no network together. */
export async function readScene(desk: Desk, from: string, to: string): Promise<Scene> {
  const reading = await readCluster(desk, readRecords);
  if (reading.from === 'nowhere')
    throw new UserError(`the cluster cannot be read: ${reading.why}; and this host has no copy of what it knew`);
  const records = reading.value;
  const memory = ownMemory(desk);
  const self = memory.node?.id;
  if (self === undefined) throw new UserError('this host has never been in a cluster: its DATA_DIR says of no node id');
  const places = ownPlaces(records, self, from);
  const meetings = meetingsOf(records.endpoints, places, to);
  // All its places are in one namespace.
  const sandbox = places.map(({ endpoint }) => memory.sandboxes.get(endpoint.id)).find((path) => path !== undefined);
  const answers = meetings.some(({ isByName }) => isByName) ? await answersFor(sandbox, to) : undefined;
  const told = [...(answers?.A.answers ?? []), ...(answers?.AAAA.answers ?? [])];
  const { place, target, ip, isByName } = chosenOf(meetings, to, told);
  const { network, endpoint: own } = place;
  const cluster = clusterOf(records, network, self);
  const other = records.nodes.find(({ id }) => id === target.node);
  const isRemote = target.node !== self;
  const { advertise: address, vxlanPort: port, vxlanGuard: mode } = desk.settings;
  const kernel = new LinuxKernel({ advertise: address });
  try {
    const mtu = await kernel.hostFacts().then(
      (facts) => facts.underlayMtu,
      () => 1500,
    );
    const sandboxes = new Map(sandbox === undefined ? [] : [[own.id, sandbox] as const]);
    const name = namespaceName(network.id);
    // The ordinary way is there whether frames take it or not.
    const who = { id: self, address, port, acceleration: 'undecided' } as const;
    const meshVteps = await vtepsIn(kernel, cluster, { id: self, address, mtu });
    return {
      ...{ reading, network, from: own, to: target, ip, self, cluster, sandbox },
      ...{ name: isByName ? to : undefined, heard: answers?.[ip.includes(':') ? 'AAAA' : 'A'] },
      plan: plan(cluster, { ...who, mtu, meshVteps, joined: new Set(), sandboxes }, name),
      space: await looked(async () => (await kernel.observe(name)) ?? missing("the network's namespace is not there")),
      inside: await looked(() => lookInside(sandbox ?? missing('where its namespace is, is not known'), ip)),
      way: isRemote && other ? await looked(() => lookInside(OWN_NETNS, other.address)) : undefined,
      guard: isRemote && mode !== 'off' ? await looked(async () => guardOf(address, mode, port)) : undefined,
    };
  } finally {
    kernel.close();
  }
}

/** Where the others take VXLAN of encrypted networks: who has answered, the mesh itself tells. */
async function vtepsIn(
  { mesh: spaces, wireguard: onHost }: LinuxKernel,
  { nodes }: Cluster,
  self: Pick<CryptSelf, 'address' | 'id' | 'mtu'>,
): Promise<ReadonlyMap<NodeId, Ip>> {
  const { mesh } = await observeCrypt({ spaces, onHost });
  const keys = (mesh?.devices ?? []).flatMap(({ key, port }) => (key === undefined ? [] : [{ key, port }]));
  return cryptVteps(nodes.values(), { ...self, keys, keepalive: 0 }, provenBy(mesh));
}

function guardOf(address: NodeAddress, mode: 'on' | 'incoming', port: number) {
  const guard = new VxlanGuard(familyOf(address), mode, port);
  try {
    return guard.members() ?? missing('there is none, or it is not as tsoverlay makes it');
  } finally {
    guard.close();
  }
}

type Answers = { readonly [T in 'A' | 'AAAA']: Heard };

/** What its programs are told, both at once; undefined where they cannot be asked for. */
async function answersFor(sandbox: string | undefined, name: string): Promise<Answers | undefined> {
  if (sandbox === undefined) return undefined;
  const [A, AAAA] = await Promise.all([askAsContainer(sandbox, name, 'A'), askAsContainer(sandbox, name, 'AAAA')]);
  return { A, AAAA };
}

function clusterOf({ nodes, networks, endpoints, leases }: Records, network: Network, self: NodeId): Cluster {
  const holders = new Map(
    leases.flatMap((l) => (l.endpoint === undefined ? [] : [[`${l.pool} ${l.address}`, l.endpoint] as const])),
  );
  const known = new Map<NodeId, Node>();
  // One that is between two addresses has two records.
  for (const node of nodes) if (node.alive || !known.has(node.id)) known.set(node.id, node);
  const there = endpoints.filter((e) => e.network === network.id && known.has(e.node));
  const { endpoints: counting } = sound(
    network,
    there,
    (pool, ip) => holders.get(`${pool} ${ip}`),
    (e) => e.node === self,
  );
  return {
    nodes: known,
    networks: new Map(networks.map((n) => [n.id, n])),
    endpoints: new Map([[network.id, counting]]),
    unreadable: new Set(),
    complete: true,
  };
}

async function looked<T>(look: () => Promise<T>): Promise<Look<T>> {
  try {
    return { seen: await look() };
  } catch (e) {
    return { why: messageOf(e) };
  }
}

const missing = (why: string): never => {
  throw new Error(why);
};
