/** What rules say of a packet that stands in no one field: where it came from, what it carries, whether it is whole. */
import {
  CMP,
  compare,
  expression,
  type Field,
  load,
  lookUp,
  META,
  mask,
  meta,
  NETWORK_HEADER,
  REG_1,
} from './expression.js';
import { attr, u32 } from './message.js';

/** Of an interface's name, bytes. */
export const IFNAMSIZ = 16;
const ARPHRD_ETHER = Buffer.from([1, 0]);
const ARPHRD_LOOPBACK = Buffer.from([0x04, 0x03]);
const ETH_P_IPV6 = Buffer.from([0x86, 0xdd]);
const IPPROTO_FRAGMENT = 44;
const NFT_EXTHDR_F_PRESENT = 1;
const NFT_FIB_RESULT = { oif: 1, addrtype: 3 } as const;
const NFTA_FIB_F = { saddr: 1, daddr: 2, iif: 8 } as const;
const RTN_LOCAL = Buffer.from([2, 0, 0, 0]);
/** Three flags and the offset in units of eight bytes (RFC 791). */
const IP_FRAGMENT: Field = { base: NETWORK_HEADER, offset: 6, length: 2, checksum: 10 };

/** `meta l4proto <protocol>` */
export const protocolIs = (protocol: number): Buffer[] => [
  meta(META.l4proto),
  compare(CMP.eq, Buffer.from([protocol])),
];

/** `meta l4proto != <protocol>`; of a fragment the protocol that its header names. */
export const protocolIsNot = (protocol: number): Buffer[] => [
  meta(META.l4proto),
  compare(CMP.neq, Buffer.from([protocol])),
];

/** `meta iiftype != loopback` */
export const notByLoopback = (): Buffer[] => [meta(META.iiftype), compare(CMP.neq, ARPHRD_LOOPBACK)];

/** `meta iiftype ether`: true of every port; without it `nft list` would show bare bytes. In host order. */
export const isEthernet = (): Buffer[] => [meta(META.iiftype), compare(CMP.eq, ARPHRD_ETHER)];

/** `meta protocol ip6`: where that is known already, for `nft list` again. */
export const isIp6 = (): Buffer[] => [meta(META.protocol), compare(CMP.eq, ETH_P_IPV6)];

/** `meta skuid >= 0`: a socket of a process in this namespace sends it. The kernel's own have no owner to be read. */
export const sentByUser = (): Buffer[] => [meta(META.skuid), compare(CMP.gte, Buffer.alloc(4))];

/** `iifname @<set>`, a set of names of 16 bytes. */
export const interfaceIn = (set: string): Buffer[] => [meta(META.iifname), lookUp(set)];

/** An interface's name as rules and sets have it. */
export function nameOf(link: string): Buffer {
  const bytes = Buffer.alloc(IFNAMSIZ);
  bytes.write(link, 0, IFNAMSIZ - 1);
  return bytes;
}

/** `iifname <link>` */
export const cameBy = (link: string): Buffer[] => [meta(META.iifname), compare(CMP.eq, nameOf(link))];

/** `meta iifkind <kind>`: what `ip link add … type` says. Before Linux 5.6 there is no such thing (EOPNOTSUPP). */
export const cameByKind = (kind: string): Buffer[] => [meta(META.iifkind), compare(CMP.eq, nameOf(kind))];

/** `oifname <link>` */
export const leavesBy = (link: string): Buffer[] => [meta(META.oifname), compare(CMP.eq, nameOf(link))];

/** `oifname != <link>` */
export const leavesNotBy = (link: string): Buffer[] => [meta(META.oifname), compare(CMP.neq, nameOf(link))];

/** `fib saddr . iif oif != 0`: the interface that it came by is one that the route to its source leaves by. */
export const byRouteBack = (): Buffer[] => [
  fib(NFT_FIB_RESULT.oif, NFTA_FIB_F.saddr | NFTA_FIB_F.iif),
  compare(CMP.neq, Buffer.alloc(4)),
];

/** `fib daddr . iif type local`: for an address of the interface that it came by. */
export const forItsInterface = (): Buffer[] => [
  fib(NFT_FIB_RESULT.addrtype, NFTA_FIB_F.daddr | NFTA_FIB_F.iif),
  compare(CMP.eq, RTN_LOCAL),
];

/** `fib daddr . iif type != local`: for no address of the interface that it came by. */
export const notForItsInterface = (): Buffer[] => [
  fib(NFT_FIB_RESULT.addrtype, NFTA_FIB_F.daddr | NFTA_FIB_F.iif),
  compare(CMP.neq, RTN_LOCAL),
];

/** `fib daddr type local` */
export const forThisHost = (): Buffer[] => [fib(NFT_FIB_RESULT.addrtype, NFTA_FIB_F.daddr), compare(CMP.eq, RTN_LOCAL)];

/** `ip frag-off & 0x3fff == 0x2000`: more fragments follow, none goes before. */
export const firstFragment = (): Buffer[] => [
  load(IP_FRAGMENT),
  mask(Buffer.from([0x3f, 0xff])),
  compare(CMP.eq, Buffer.from([0x20, 0x00])),
];

/** `frag frag-off 0 frag more-fragments 1` (RFC 8200 section 4.5). */
export const firstFragment6 = (): Buffer[] => [
  fragmentOffset(),
  mask(Buffer.from([0xff, 0xf9])),
  compare(CMP.eq, Buffer.from([0x00, 0x01])),
];

/** `exthdr frag exists`: somewhere among the extension headers. */
export const isFragment = (): Buffer[] => [
  fragmentHeader(u32(3, 0), u32(4, 1), u32(5, NFT_EXTHDR_F_PRESENT)),
  compare(CMP.eq, Buffer.from([1])),
];

/** `frag frag-off > 0`: a fragment that is not the first; the offset stands above three bits of flags. */
export const isLaterFragment = (): Buffer[] => [
  fragmentOffset(),
  mask(Buffer.from([0xff, 0xf8])),
  compare(CMP.gt, Buffer.from([0, 0])),
];

const fragmentOffset = (): Buffer => fragmentHeader(u32(3, 2), u32(4, 2));

const fragmentHeader = (...what: readonly Buffer[]): Buffer =>
  expression('exthdr', u32(1, REG_1), attr(2, Buffer.from([IPPROTO_FRAGMENT])), ...what);

const fib = (result: number, flags: number): Buffer => expression('fib', u32(1, REG_1), u32(2, result), u32(3, flags));
