/** How a network's subnets lie on its bridges. Of records that do not change: looked at once each. Pure. */
import { addressValue, assignable, type Family, familyOf, ipPart, parseCidr } from '../values/address.js';
import type { Cidr, Endpoint, Ip, Network, Subnet } from '../values/types.js';

/** Numbers for IPv4, of which there are thousands. */
type Value = number | bigint;

interface Place {
  readonly subnet: Subnet;
  /** Position of its bridge. */
  readonly segment: number;
  readonly family: Family;
  readonly prefix: number;
  readonly first: Value;
  readonly last: Value;
  /** What can be handed out of the pool, but for {@link reserved}. */
  readonly lowest: Value;
  readonly highest: Value;
  /** The gateway's address and the auxiliary ones. */
  readonly reserved: ReadonlySet<Ip>;
}

interface Layout {
  /** Subnets that share a bridge, in the order of the bridges. */
  readonly segments: readonly (readonly Subnet[])[];
  /** In the order of the bridges too. */
  readonly places: readonly Place[];
}

const layouts = new WeakMap<Network, Layout>();

/** Subnets that share a VNI share a bridge: an IPv6 subnet rides with the IPv4 one beside it. */
export function layoutOf(network: Network): Layout {
  const known = layouts.get(network);
  if (known !== undefined) return known;
  const byVni = new Map<number, Subnet[]>();
  for (const subnet of network.subnets) byVni.set(subnet.vni, [...(byVni.get(subnet.vni) ?? []), subnet]);
  const segments = [...byVni.values()];
  const layout = { segments, places: segments.flatMap((subnets, i) => subnets.map((s) => placeOf(s, i))) };
  layouts.set(network, layout);
  return layout;
}

function placeOf(subnet: Subnet, segment: number): Place {
  const { family, prefix, first, last } = parseCidr(subnet.pool);
  const hosts = assignable(subnet.pool, undefined);
  const of = (value: bigint): Value => (family === 4 ? Number(value) : value);
  const gateway = subnet.gateway === undefined ? [] : [parseCidr(subnet.gateway).address];
  const reserved = new Set([...gateway, ...Object.values(subnet.aux)]);
  const bounds = { first: of(first), last: of(last), lowest: of(hosts.first), highest: of(hosts.last) };
  return { subnet, segment, family, prefix, ...bounds, reserved };
}

const valueAt = (ip: Ip): Value =>
  familyOf(ip) === 4 ? ip.split('.').reduce((n, part) => n * 256 + Number(part), 0) : addressValue(ip);

/** The bridges that addresses belong to, each once; -1 for an address of no subnet. `addresses`: spelt as we do. */
export function segmentsOf(network: Network, addresses: readonly Cidr[]): readonly number[] {
  return [...new Set(addresses.map((address) => segmentWith(network, address)))];
}

/** The bridge that the address belongs to; -1 for one of no subnet. */
export function segmentWith(network: Network, cidr: Cidr): number {
  const value = valueAt(ipPart(cidr));
  const family = familyOf(cidr);
  const holds = (p: Place): boolean => p.family === family && p.first <= value && value <= p.last;
  return layoutOf(network).places.find(holds)?.segment ?? -1;
}

/** The bridge of an address with its pool's prefix length that endpoints of this network may have; undefined else. */
export function segmentOfHost(network: Network, cidr: Cidr): number | undefined {
  const [ip, family, prefix] = [ipPart(cidr), familyOf(cidr), Number(cidr.slice(cidr.indexOf('/') + 1))];
  const value = valueAt(ip);
  const isHost = (p: Place): boolean =>
    p.family === family && p.prefix === prefix && p.lowest <= value && value <= p.highest && !p.reserved.has(ip);
  return layoutOf(network).places.find(isHost)?.segment;
}

/** The endpoint's bridge; the first one for an address of no subnet. */
export function segmentOf(network: Network, { addresses: [first] }: Endpoint): number {
  return first === undefined ? 0 : Math.max(0, segmentWith(network, first));
}
