/** What a network's namespace on this host should look like, as plain values. */
import type { Cidr, EndpointId, Ip, Mac, NamespaceName, NetworkId, NodeAddress } from '../values/types.js';

/** One bridge with its VXLAN device: one subnet of a network. */
export interface BridgePlan {
  /** `br0`, for the second subnet `br1`. */
  readonly name: string;
  /** `vxlan0`, for the second subnet `vxlan1`. */
  readonly vxlan: string;
  readonly vni: number;
  /** The host's own VTEP. Absent where the network is encrypted: the device's socket is in the mesh, whose routes decide. */
  readonly local?: NodeAddress;
  /** UDP. */
  readonly port: number;
  /** Bytes; the same on bridge, VXLAN device and veth pairs. */
  readonly mtu: number;
  /** The bridge's own, another one on each host: without one it takes that of a port, and another when that goes. */
  readonly mac: Mac;
  /** The gateway's address, if the subnet has one. */
  readonly addresses: readonly Cidr[];
  /** Unknown ARP and neighbour discovery go to all hosts, but those about these; absent: they go nowhere. */
  readonly flooding?: { readonly gateways: readonly Ip[] };
}

/** A local endpoint's veth pair. */
export interface PortPlan {
  readonly endpoint: EndpointId;
  readonly bridge: string;
  /** Name of the end that the engine moves into the container, e.g. `veth1a2b3c4`. */
  readonly containerEnd: string;
  readonly mtu: number;
  /** Behind this port and no other. */
  readonly mac: Mac;
  readonly addresses: readonly Cidr[];
  /**
   * Who puts the container's end into the container, should the pair be missing: the engine, which Join has told to
   * fetch it; we ourselves, once the engine has fetched it and somebody deleted it since; or nobody.
   */
  readonly end: 'engine' | 'nobody' | CardPlan;
  /** Absent where the network holds nobody to its record. */
  readonly sender?: Sender;
}

/** Whom a port's frames may come from; all others are dropped there. */
export interface Sender {
  readonly mac: Mac;
  /** IPv4 first; those of the link itself included. */
  readonly addresses: readonly Ip[];
}

/** The container's end of a veth pair, as the engine had set it up. */
export interface CardPlan {
  /** File of the container's namespace. */
  readonly sandbox: string;
  readonly mac: Mac;
  readonly addresses: readonly Cidr[];
  readonly routes: readonly Route[];
}

export interface Route {
  readonly to: Cidr;
  readonly via: Ip;
}

/**
 * An endpoint on another node: one permanent neighbour and one permanent FDB entry on the VXLAN device, and one static
 * FDB entry of the bridge.
 */
export interface PeerPlan {
  readonly vxlan: string;
  readonly ip: Ip;
  readonly mac: Mac;
  /** On the underlay, or inside of the mesh. */
  readonly vtep: NodeAddress | Ip;
}

/** A host that gets what is for many, or for nobody known (head-end replication). */
export interface FloodPlan {
  readonly vxlan: string;
  readonly vtep: NodeAddress | Ip;
}

/** What the short way needs to know, see `underlay.ts`. */
export interface AccelerationPlan {
  readonly vni: number;
  /** The host's own VTEP, IPv4. */
  readonly local: NodeAddress;
  /** UDP. */
  readonly port: number;
  /** Frame that fits the underlay in one piece, Ethernet header included, bytes. */
  readonly longest: number;
}

/** A veth pair to docker_gwbridge, for a network that is its containers' gateway to the outside. */
export interface UplinkPlan {
  readonly link: string;
  /** On the host. */
  readonly hostEnd: string;
  /** Bytes. */
  readonly mtu: number;
  readonly address: Cidr;
  /** docker_gwbridge's address beside it. */
  readonly via: Ip;
}

export interface NamespacePlan {
  readonly name: NamespaceName;
  readonly network: NetworkId;
  readonly bridges: readonly BridgePlan[];
  readonly ports: readonly PortPlan[];
  readonly peers: readonly PeerPlan[];
  /** Empty unless the network has multicast. */
  readonly floods: readonly FloodPlan[];
  /** Absent: the ordinary way alone. `undecided`: it is not known yet whether this host can; what there is stays. */
  readonly acceleration?: AccelerationPlan | 'undecided';
  readonly uplink?: UplinkPlan;
}
