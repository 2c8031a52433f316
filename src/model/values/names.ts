/** Every name that is derived and not stored. */
import { macText } from './mac.js';
import type { EndpointId, EngineNetworkId, Mac, NamespaceName, NetworkId, NodeId } from './types.js';

/** Where this host's engine is asked. */
export const DOCKER_SOCKET = '/var/run/docker.sock';

/** The name of both drivers, as people type it. */
export const DRIVER = 'tsoverlay';

/** True also for the managed plugin's own name, which always has a tag: `-d tsoverlay/driver:latest`. */
export const isOurDriver = (name: string): boolean => name === DRIVER || /(^|\/)tsoverlay\/driver:[^/]+$/.test(name);

/** Carries the cluster's network id on every mirror, as a driver option and as an IPAM option. */
export const OPTION_MIRROR = 'tsoverlay.network';

/** `on`: frames for many go to every host that takes part in the network. */
export const OPTION_MULTICAST = 'tsoverlay.multicast';

/** `on`: containers send from the MAC and the addresses of their records alone. */
export const OPTION_ANTISPOOF = 'tsoverlay.antispoof';

/** Set, and not to `false`: between hosts the network's frames go through the mesh that encrypts. Swarm's overlay has it too. */
export const OPTION_ENCRYPTED = 'encrypted';

/** `overlay`: containers have one card, and reach the outside by the network's own gateway. */
export const OPTION_GATEWAY = 'tsoverlay.gateway';

/** Where the engine keeps network namespaces; `/var/run` is `/run`. */
export const NETNS_DIR = '/var/run/docker/netns';

/** In a VXLAN device's FDB: where frames go whose destination has no entry, and those for many. */
export const UNKNOWN_MAC = macText('0'.repeat(12));

/** VXLAN's UDP port (RFC 7348), which the native overlay driver uses too; a cluster may have another. */
export const DEFAULT_VXLAN_PORT = 4789;

/** The first of two UDP ports of a host's WireGuard devices; the usual one (51820) may be somebody else's on the host. */
export const DEFAULT_MESH_PORT = 51_840;

/** On the host that created a network the engine's id is the cluster's. */
export const clusterIdOfOwn = (id: EngineNetworkId): NetworkId => id as string as NetworkId;
export const engineIdOfOwn = (id: NetworkId): EngineNetworkId => id as string as EngineNetworkId;

/** `1-` and the first 10 hex digits of the network's id: the same on every host. */
export const namespaceName = (id: NetworkId): NamespaceName => `1-${id.slice(0, 10)}` as NamespaceName;

/** Of the host's WireGuard mesh, beside the networks' own. */
export const CRYPT_NAMESPACE = 'tsoverlay-crypt';

export const namespacePath = (name: NamespaceName): string => `${NETNS_DIR}/${name}`;

export const isNamespaceName = (name: string): name is NamespaceName => /^1-[0-9a-f]{10}$/.test(name);

export const bridgeName = (subnet: number): string => `br${subnet}`;
/** Of a host's bridges: locally administered, and none that an endpoint gets. */
export const bridgeMac = (node: NodeId): Mac => macText(`0e${node.slice(-10)}`);
export const vxlanName = (subnet: number): string => `vxlan${subnet}`;
export const portName = (n: number): string => `veth${n}`;
export const isPortName = (link: string): boolean => /^veth\d+$/.test(link);

/** The network's end of the pair that joins its namespace with the host's, and the host's end (see docs/acceleration.md). */
export const LANE = 'lane0';
/** What a program sends on is not held to it. */
export const LANE_MTU = 65_535;
export const isLaneEnd = (link: string): boolean => /^tsl[0-9a-f]{10}$/.test(link);
export const laneEnd = (name: NamespaceName): string => `tsl${name.slice(2)}`;

/** Where hosts probe each other: no network gets this VXLAN id. */
export const PROBE_VNI = 255;
/** Its namespace's file, which is named like no network's. */
export const PROBE_NAMESPACE = 'tsoverlay-probe' as NamespaceName;

/** The end of an endpoint's veth pair that the engine moves into the container (IFNAMSIZ is 16 with the NUL). */
export const containerEnd = (id: EndpointId): string => `veth${id.slice(0, 7)}`;

/** The engine's bridge for second cards, and the name of its network. */
export const GWBRIDGE = 'docker_gwbridge';

/** In a network's namespace, where it leaves for the outside. */
export const UPLINK = 'gw0';
/** Its other end, on docker_gwbridge. */
export const uplinkEnd = (name: NamespaceName): string => `gw${name.slice(2)}`;

/** The name a VXLAN device has on the underlay before it moves; unique on the host, for a VNI is. */
export const vxlanBirthName = (vni: number): string => `vx-${vni.toString(16).padStart(6, '0')}`;

/** One blocking query sees the heads of all networks in a bucket: how many there are bounds those of a host. */
const BUCKETS = 32;

/** Two digits, the same for a network for ever. */
export const bucketOf = (network: string): string =>
  String((Number.parseInt(network.slice(-4), 16) || 0) % BUCKETS).padStart(2, '0');

/** Whether it is the same after a server has cleaned its path. */
const isPath = (name: string): boolean =>
  !name.startsWith('~') && name.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');

/** Store keys, relative to the store's prefix. */
export const keys = {
  nodes: 'nodes/',
  node: (address: string) => `nodes/${address}`,
  networks: 'networks/',
  network: (id: string) => `networks/${id}`,
  names: 'names/',
  /** Whatever the name is: what a path cannot carry (`//`, `..`) is written as hex digits behind a `~`. */
  name: (name: string) => `names/${isPath(name) ? name : `~${Buffer.from(name).toString('hex')}`}`,
  vnis: 'vnis/',
  vni: (vni: number) => `vnis/${vni}`,
  pools: 'pools/',
  /** Changes with every claim, so that two hosts cannot claim pools that overlap without being equal. */
  poolGuard: 'pool-guard',
  /** A pool's CIDR with its slash written as `-`, for a key has slashes of its own. */
  pool: (cidr: string) => `pools/${cidr.replace('/', '-')}`,
  leases: (pool: string) => `addresses/${pool.replace('/', '-')}/`,
  /** Addresses that were in use a moment ago: given out again only when nothing else is free. */
  released: 'released/',
  releasedOf: (pool: string) => `released/${pool.replace('/', '-')}/`,
  lease: (pool: string, ip: string) => `addresses/${pool.replace('/', '-')}/${ip}`,
  endpoints: (network: string) => `endpoints/${network}/`,
  /** Those of one owner: a node, as its endpoints' records name it. */
  endpointsOf: (network: string, owner: string) => `endpoints/${network}/${owner}/`,
  endpoint: (network: string, owner: string, id: string) => `endpoints/${network}/${owner}/${id}`,
  /** The name of an owner's head changes with each change of its endpoints in a network; see store/records/heads.ts. */
  allHeads: 'heads/',
  headsIn: (bucket: string) => `heads/${bucket}/`,
  heads: (network: string) => `heads/${bucketOf(network)}/${network}/`,
  headsOf: (network: string, owner: string) => `heads/${bucketOf(network)}/${network}/${owner}/`,
  head: (network: string, owner: string, revision: string) =>
    `heads/${bucketOf(network)}/${network}/${owner}/${revision}`,
  /** Marks that a node may hold endpoints or leases of a network. */
  members: (node: string) => `members/${node}/`,
  member: (node: string, network: string) => `members/${node}/${network}`,
  /** The cluster's identity, made once. */
  cluster: 'cluster',
} as const;
