/**
 * The kernel's side of the model: what a network's namespace should look like (Plan), what was found (Observed),
 * and the steps between the two. One executor per step kind lives in `kernel/networks/executors.ts`.
 */
import type { Cidr, EndpointId, Ip, Mac, NamespaceName, NetworkId, NodeAddress } from '../values/types.js';

/** One bridge with its VXLAN device: one subnet of a network. */
export interface BridgePlan {
  /** `br0`, for the second subnet `br1`. */
  readonly name: string;
  /** `vxlan0`, for the second subnet `vxlan1`. */
  readonly vxlan: string;
  readonly vni: number;
  /** The host's own VTEP. */
  readonly local: NodeAddress;
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
  readonly vtep: NodeAddress;
}

/** A host that gets what is for many, or for nobody known (head-end replication). */
export interface FloodPlan {
  readonly vxlan: string;
  readonly vtep: NodeAddress;
}

export interface NamespacePlan {
  readonly name: NamespaceName;
  readonly network: NetworkId;
  readonly bridges: readonly BridgePlan[];
  readonly ports: readonly PortPlan[];
  readonly peers: readonly PeerPlan[];
  /** Empty unless the network has multicast. */
  readonly floods: readonly FloodPlan[];
}

export interface ObservedLink {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `vxlan`, `veth`, …; empty for lo and hardware. */
  readonly kind: string;
  readonly mtu: number;
  readonly up: boolean;
  /** Name of the bridge it is a port of; empty when none. */
  readonly master: string;
  readonly mac: Mac;
  /** IFLA_IFALIAS: on a bridge the network's id, on a veth the endpoint's id; empty when none. */
  readonly alias: string;
  /** Ports of bridges only. */
  readonly port?: PortFlags;
  /** Bridges only. */
  readonly bridge?: { readonly snooping: boolean };
  /** VXLAN devices only. */
  readonly vxlan?: {
    readonly vni: number;
    readonly port: number;
    /** Absent where the route decides. */
    readonly local?: string;
    readonly learning: boolean;
    readonly proxy: boolean;
  };
}

export interface PortFlags {
  /** The bridge takes down which MACs send from here. */
  readonly learning: boolean;
  /** It gets frames for MACs that the bridge does not know. */
  readonly flood: boolean;
}

/** A permanent neighbour entry on a VXLAN device (`ip neigh show nud permanent`). */
export interface ObservedNeighbour {
  readonly link: string;
  readonly ip: Ip;
  readonly mac: Mac;
}

/** A permanent entry of a VXLAN device's own FDB (`bridge fdb show`, `self permanent` with a `dst`). */
export interface ObservedFdb {
  readonly link: string;
  readonly mac: Mac;
  readonly vtep: string;
}

/** A static entry of a bridge's FDB (`bridge fdb show`, `master … static`). */
export interface ObservedStatic {
  /** The port. */
  readonly link: string;
  readonly mac: Mac;
}

export interface ObservedAddress {
  readonly link: string;
  readonly address: Cidr;
}

/** The rules that hold a port to its sender. */
export interface ObservedFilter {
  /** The port that they are for, which may be gone. */
  readonly link: string;
  /** Absent when they are not as we would make them. */
  readonly sender?: Sender;
}

export interface ObservedNamespace {
  readonly name: NamespaceName;
  readonly links: readonly ObservedLink[];
  readonly addresses: readonly ObservedAddress[];
  readonly neighbours: readonly ObservedNeighbour[];
  readonly fdb: readonly ObservedFdb[];
  readonly statics: readonly ObservedStatic[];
  /** Something in it learns: its FDBs may be of any size, and were not read. */
  readonly learning?: true;
  /** The kernel takes packets and ARP requests only from addresses that it would answer by the same way. */
  readonly checksSources: boolean;
  readonly filters: readonly ObservedFilter[];
  /** Its file is not mounted any more; we alone keep it. */
  readonly unmounted?: true;
}

interface StepBase {
  /** The namespace it happens in. */
  readonly ns: NamespaceName;
  /** Why it is needed, for the log. */
  readonly reason: string;
  /** It takes away what nobody wants any more: only under a wish that came from the store itself. */
  readonly prune?: true;
}

type LinkStep<K extends string, Rest = unknown> = { readonly kind: K; readonly link: string } & Rest;
type AddressStep<K extends string> = LinkStep<K, { readonly address: Cidr }>;
type NeighbourStep<K extends string> = LinkStep<K, { readonly ip: Ip; readonly mac: Mac }>;
type FdbStep<K extends string> = LinkStep<K, { readonly mac: Mac; readonly vtep: string }>;
type StaticStep<K extends string> = LinkStep<K, { readonly mac: Mac }>;

export type Step = StepBase &
  (
    | { readonly kind: 'createNamespace' }
    | { readonly kind: 'removeNamespace' }
    | { readonly kind: 'checkSources' }
    /** Back on the file that somebody unmounted. */
    | { readonly kind: 'mountNamespace' }
    /** alias carries the network's id. */
    | LinkStep<'createBridge', { readonly mtu: number; readonly alias: string; readonly mac: Mac }>
    /** Made on the underlay, moved into the namespace, enslaved to `master`, up. */
    | LinkStep<
        'createVxlan',
        Pick<BridgePlan, 'vni' | 'mtu' | 'local' | 'port' | 'flooding'> & { readonly master: string }
      >
    /**
     * One end stays (as `link`, a port of `master`, alias = endpoint id, up), the other waits in the host's namespace,
     * or becomes a container's card. With a sender, its filter stands before the first frame.
     */
    | LinkStep<'createPort', Omit<PortPlan, 'endpoint' | 'bridge' | 'end' | 'mac' | 'addresses'> & PortPlace>
    | LinkStep<'removeLink'>
    | LinkStep<'setMtu', { readonly mtu: number }>
    | LinkStep<'setMac', { readonly mac: Mac }>
    | LinkStep<'setUp'>
    | LinkStep<'setMaster', { readonly master: string }>
    /** A port learns no more, forgets what it learned, and gets nothing for unknown MACs. */
    | LinkStep<'setPort'>
    /** So does a VXLAN device itself. */
    | LinkStep<'stopLearning'>
    | LinkStep<'stopSnooping'>
    | AddressStep<'addAddress'>
    | AddressStep<'removeAddress'>
    | NeighbourStep<'replaceNeighbour'>
    | NeighbourStep<'removeNeighbour'>
    | FdbStep<'replaceFdb'>
    | FdbStep<'removeFdb'>
    | StaticStep<'replaceStatic'>
    | StaticStep<'removeStatic'>
    /** A filter that stands goes on without a gap. */
    | LinkStep<'replaceFilter', { readonly sender: Sender }>
    | LinkStep<'removeFilter'>
  );

interface PortPlace {
  readonly master: string;
  readonly alias: string;
  readonly card?: CardPlan;
}

export type StepKind = Step['kind'];
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/** A step that does not know its namespace yet. */
export type Draft = { [K in StepKind]: Omit<StepOf<K>, 'ns'> }[StepKind];
