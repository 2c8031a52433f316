/** The values that all of tsoverlay speaks in. Plain, readonly, parsed once at an edge, and trusted from there on. */

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: { readonly [name in B]: true } };

/** The cluster-wide id of a network: the engine's id (64 hex) on the host that created it. */
export type NetworkId = Brand<string, 'NetworkId'>;
/** The id one engine gave its own copy of a network (64 hex); equals the NetworkId on the creating host only. */
export type EngineNetworkId = Brand<string, 'EngineNetworkId'>;
/** An endpoint's id (64 hex), made by the engine, unique in the cluster; every container start makes a new one. */
export type EndpointId = Brand<string, 'EndpointId'>;
/**
 * Who a host is (16 hex digits): made once, kept in its DATA_DIR, the mark of all that is its own. It stays when the host
 * gets another address or another name.
 */
export type NodeId = Brand<string, 'NodeId'>;
/** A node's advertised IP address: its VTEP, under which its record stands, and its name for people. */
export type NodeAddress = Brand<Ip, 'NodeAddress'>;
/** An IP address in canonical text, e.g. `172.16.1.1` or `fd00::1`. */
export type Ip = Brand<string, 'Ip'>;
/** An address or network with its prefix length, e.g. `172.16.1.254/24` or `172.16.1.0/24`. */
export type Cidr = Brand<string, 'Cidr'>;
/** A MAC address in lower-case colon hex, e.g. `02:42:ac:10:01:01`. */
export type Mac = Brand<string, 'Mac'>;
/** The file name of a network's namespace below the engine's netns folder, e.g. `1-09ce1243ce`. */
export type NamespaceName = Brand<string, 'NamespaceName'>;

/** A WireGuard public key: 32 bytes as base64 (44 characters). */
export type PublicKey = Brand<string, 'PublicKey'>;

/** A key that a host can be reached by. */
export interface NodeKey {
  readonly key: PublicKey;
  /** UDP, where the others send to. */
  readonly port: number;
}

/** How the others reach a host's WireGuard. */
export interface NodeCrypt {
  /** Where it can be reached, if not at the node's address. */
  readonly endpoint?: NodeAddress;
  /** The newest last. */
  readonly keys: readonly NodeKey[];
}

/** What tells one machine from another, each part as a hash; absent where the machine does not say. */
export interface Machine {
  /** Of the installed system: a copied disk has the same. */
  readonly os?: string;
  /** Of the hardware, or of the virtual machine. */
  readonly board?: string;
}

/** One host of the cluster. */
export interface Node {
  readonly id: NodeId;
  readonly address: NodeAddress;
  readonly hostname: string;
  /** MTU of the interface that carries `address`, bytes. */
  readonly mtu: number;
  /** On-link networks and routes of the host; a pool that we choose overlaps none of them. */
  readonly routes: readonly Cidr[];
  /** Networks of its docker_gwbridge; absent where there is none yet. */
  readonly gwbridge?: readonly Cidr[];
  readonly machine: Machine;
  /** Another one after each boot, and on each other machine (see kernel/system/origin.ts). */
  readonly boot: string;
  /** The newest version of records that its release reads. */
  readonly reads: number;
  /** Of tsoverlay; absent where it does not say, as those before it did. */
  readonly release?: string;
  /** Absent on a host that cannot encrypt. */
  readonly crypt?: NodeCrypt;
  /** True while the node's store session lives. Liveness is no ownership: it frees nothing. */
  readonly alive: boolean;
  /** The store's index of this record's last change. */
  readonly index: number;
}

/** One IP subnet of a network, with the VXLAN network identifier that carries it. */
export interface Subnet {
  readonly pool: Cidr;
  /** The part of the pool that free addresses are taken from (`--ip-range`); the whole pool when absent. */
  readonly range?: Cidr;
  /** The gateway's address with the pool's prefix length; it lives on the subnet's bridge on every host. */
  readonly gateway?: Cidr;
  /** `--aux-address`: name to address, never given to a container. */
  readonly aux: Readonly<Record<string, Ip>>;
  /** 1 to 16777215; those below 256 only where the user chose them. */
  readonly vni: number;
}

/** What only the Docker API knows of a network, published once the engine has stored it (design, fact 5). */
export interface Announcement {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly attachable: boolean;
  /** The user's `--ipam-opt key=value` pairs, as typed; absent when there are none. */
  readonly ipamOptions?: Readonly<Record<string, string>>;
}

export interface Network {
  readonly id: NetworkId;
  readonly subnets: readonly Subnet[];
  /** The underlay MTU that the user asked to reckon with (`com.docker.network.driver.mtu`), bytes. */
  readonly mtu?: number;
  readonly internal: boolean;
  readonly ipv6: boolean;
  /** The user's `-o key=value` pairs, as typed, and what the creating host's settings add; mirrors repeat them. */
  readonly options: Readonly<Record<string, string>>;
  /** Whose IPAM serves the creating host: ours (`cluster`), or the engine's own (`engine`). */
  readonly ipam: 'cluster' | 'engine';
  readonly creator: NodeId;
  /** Absent until the creating host has announced it. */
  readonly announced?: Announcement;
  /**
   * The name that another network was first to have, while containers of the creating host keep this one: once they are
   * gone, that one takes its place there.
   */
  readonly outdone?: string;
  /** Set by the first phase of removal; no endpoint can be created any more. */
  readonly deleting: boolean;
  /** The store's index of this record's last change. */
  readonly index: number;
  /** The store's index of its creation. */
  readonly born?: number;
}

export interface Endpoint {
  readonly id: EndpointId;
  readonly network: NetworkId;
  readonly node: NodeId;
  /** IPv4 first, then IPv6 where there is one; each with its pool's prefix length. */
  readonly addresses: readonly Cidr[];
  readonly mac: Mac;
  /** `--link-local-ip`, which the engine puts on the card by itself; absent when there is none. */
  readonly linkLocal?: readonly Ip[];
  /** DNS names, the container's own first; empty until the engine has told them. */
  readonly names: readonly string[];
  /** The container's id (64 hex), empty until the engine has told it. */
  readonly container: string;
  /** When CreateEndpoint wrote it: milliseconds since 1970 by the owner's own clock. */
  readonly created: number;
  readonly index: number;
  /** The store's index of its creation: of two that claim the same, the older one is right. */
  readonly born?: number;
}

/** What a resolver finds somebody by. */
export type Named = Pick<Endpoint, 'names' | 'addresses'>;

/** `--link name:alias`: what one container alone calls another one on a network that both are on. */
export interface Link {
  readonly alias: string;
  readonly name: string;
}

/** How an endpoint's container looks names up there, as its engine has told; nobody else's business. */
export interface Lookup {
  readonly links: readonly Link[];
  /** `gw-priority`: networks with more are asked before those with less. Absent on engines before 28, which know none. */
  readonly priority?: number;
}

/** One address of one pool, held by one owner: created only if absent, so nobody else can hold it. */
export interface Lease {
  readonly pool: Cidr;
  readonly address: Ip;
  readonly node: NodeId;
  readonly kind: 'gateway' | 'aux' | 'endpoint';
  /** The endpoint it serves; absent between RequestAddress and CreateEndpoint. */
  readonly endpoint?: EndpointId;
  readonly created: number;
  readonly index: number;
}

/** A claimed pool. `network` is absent between RequestPool and CreateNetwork. */
export interface Pool {
  readonly cidr: Cidr;
  /** `--ip-range`, until CreateNetwork copies it into the network's record. */
  readonly range?: Cidr;
  readonly node: NodeId;
  readonly network?: NetworkId;
  readonly created: number;
  readonly index: number;
}

/** All that this host knows of the cluster at one moment. Never changed, only replaced. */
export interface Cluster {
  /** Of a host that is between two addresses, the record that it holds now. */
  readonly nodes: ReadonlyMap<NodeId, Node>;
  readonly networks: ReadonlyMap<NetworkId, Network>;
  /** Only the networks that this host takes part in, each once its endpoints have been loaded. */
  readonly endpoints: ReadonlyMap<NetworkId, ReadonlyMap<EndpointId, Endpoint>>;
  /** Networks that are in the store, but this host cannot read their records and knows nothing of them. */
  readonly unreadable: ReadonlySet<NetworkId>;
  /** False until nodes and networks have been loaded once; none of them is taken for gone before. */
  readonly complete: boolean;
}
