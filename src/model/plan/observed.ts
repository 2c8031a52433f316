/** What was found in a network's namespace, as plain values. */
import { LANE, UPLINK } from '../values/names.js';
import type { Cidr, Ip, Mac, NamespaceName } from '../values/types.js';
import type { Sender } from './namespace-plan.js';

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
    /** Whose questions and answers do not come out of it; absent where there are no such rules, or others. */
    readonly fence?: readonly Ip[];
    /** Its socket is in the mesh that encrypts, so that nothing it sends can leave in clear. */
    readonly meshed?: true;
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

/** The short way, see `underlay.ts`. Marks say what programs were made for. */
export interface ObservedAcceleration {
  /** Of the lane and its programs; empty where something of it is missing or another release's. */
  readonly lane: string;
  /** Of the ports' program, by the names of those that have it; empty as above. */
  readonly ports: ReadonlyMap<string, string>;
  /** Where MACs lead to: the name of a port, or a VTEP. */
  readonly ways: ReadonlyMap<Mac, string>;
}

/** What else there is about a way out whose link is there. */
export interface ObservedUplink {
  /** Next hop of the default route. */
  readonly via?: Ip;
  /** Its other end is up, and a port of docker_gwbridge. */
  readonly isPlugged: boolean;
  readonly isRuled: boolean;
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
  /** Those of the settings that a plan has (see `sysctls.ts`) and this kernel too, by their paths below /proc/sys. */
  readonly sysctls: ReadonlyMap<string, number>;
  readonly filters: readonly ObservedFilter[];
  /** Absent where there is no lane. */
  readonly acceleration?: ObservedAcceleration;
  readonly uplink?: ObservedUplink;
  /** Its file is not mounted any more; we alone keep it. */
  readonly unmounted?: true;
}

const NO_PORTS: readonly string[] = [LANE, UPLINK];

/** Of veth pairs, but for those that lead elsewhere than into a container. */
export const isPortLike = ({ kind, name }: Pick<ObservedLink, 'kind' | 'name'>): boolean =>
  kind === 'veth' && !NO_PORTS.includes(name);

/**
 * By the endpoints' ids that they bear. Who has CAP_NET_ADMIN in a container of a host without userns-remap can put a
 * link of its own into the namespace with another's id on it (IFLA_TARGET_NETNSID), under any name and index: of two that
 * bear one id neither is known to be ours, so none is.
 */
export function portLinks<L extends ObservedLink>(links: readonly L[]): ReadonlyMap<string, L> {
  const found = new Map<string, L>();
  for (const link of links.filter(isPortLike)) found.set(link.alias, link);
  for (const alias of doubles(links)) found.delete(alias);
  return found;
}

/** The ids that several links bear. */
export function doubles(links: readonly ObservedLink[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { alias } of links.filter(isPortLike)) (seen.has(alias) ? twice : seen).add(alias);
  return twice;
}
