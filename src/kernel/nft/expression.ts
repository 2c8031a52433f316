/**
 * The expressions that a rule is a list of, each as one encoded list element. They speak through registers: a load
 * writes one, a comparison, a look-up or a store reads it. Their bytecode is what `nft --debug=netlink` prints.
 */
import { attr, element, nested, text, u32, u64 } from './message.js';

/** `enum nft_registers`: one of the four 128-bit ones is enough here. */
const REG_1 = 1;

const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const NFT_META_IIFNAME = 6;
const NFT_META_IIFTYPE = 8;
const NFT_META_SKUID = 10;
const NFT_META_L4PROTO = 16;
const ARPHRD_LOOPBACK = Buffer.from([0x04, 0x03]);
const NFT_CMP_EQ = 0;
const NFT_CMP_NEQ = 1;
const NFT_CMP_LT = 2;
const NFT_CMP_GTE = 5;
const NFT_FIB_RESULT_OIF = 1;
const NFT_FIB_RESULT_ADDRTYPE = 3;
const NFTA_FIB_F_SADDR = 1;
const NFTA_FIB_F_DADDR = 2;
const NFTA_FIB_F_IIF = 8;
const RTN_LOCAL = Buffer.from([2, 0, 0, 0]);
const IPPROTO_FRAGMENT = 44;
const NFT_LOOKUP_F_INV = 1;
const NFT_REG_VERDICT = 0;
const NF_DROP = 0;
const NF_ACCEPT = 1;
const NFT_LIMIT_PKTS = 0;
const NFT_LIMIT_PKT_BYTES = 1;
const NFT_LIMIT_F_INV = 1;
const NFT_PAYLOAD_CSUM_INET = 1;
const NFT_PAYLOAD_L4CSUM_PSEUDOHDR = 1;

/** A header field: where it is, and where the checksum is that covers it (bytes from the start of the header). */
export interface Field {
  readonly base: number;
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

export const IP_SADDR: Field = { base: NETWORK_HEADER, offset: 12, length: 4, checksum: 10 };
export const IP_DADDR: Field = { base: NETWORK_HEADER, offset: 16, length: 4, checksum: 10 };
export const UDP_SPORT: Field = { base: TRANSPORT_HEADER, offset: 0, length: 2, checksum: 6 };
export const UDP_DPORT: Field = { base: TRANSPORT_HEADER, offset: 2, length: 2, checksum: 6 };
/** Header and data, bytes. */
export const UDP_LENGTH: Field = { base: TRANSPORT_HEADER, offset: 4, length: 2, checksum: 6 };
export const UDP_CHECKSUM: Field = { base: TRANSPORT_HEADER, offset: 6, length: 2, checksum: 6 };
export const TCP_SPORT: Field = { base: TRANSPORT_HEADER, offset: 0, length: 2, checksum: 16 };
export const TCP_DPORT: Field = { base: TRANSPORT_HEADER, offset: 2, length: 2, checksum: 16 };

/** Without a checksum: it is only read. */
export const IP6_SADDR: Field = { base: NETWORK_HEADER, offset: 8, length: 16, checksum: 0 };
export const IP6_DADDR: Field = { base: NETWORK_HEADER, offset: 24, length: 16, checksum: 0 };
/** Time to live and protocol, for a checksum is over pairs of bytes. */
export const IP_TTL: Field = { base: NETWORK_HEADER, offset: 8, length: 2, checksum: 10 };
export const IP6_HOP_LIMIT: Field = { base: NETWORK_HEADER, offset: 7, length: 1, checksum: 0 };
/** Three flags and the offset in units of eight bytes (RFC 791). */
const IP_FRAGMENT: Field = { base: NETWORK_HEADER, offset: 6, length: 2, checksum: 10 };
/** Behind the UDP header, flags and reserved bytes (RFC 7348 section 5). */
export const VXLAN_VNI: Field = { base: TRANSPORT_HEADER, offset: 12, length: 3, checksum: 0 };

/** `meta l4proto <protocol>` */
export const protocolIs = (protocol: number): Buffer[] => [
  expression('meta', u32(1, REG_1), u32(2, NFT_META_L4PROTO)),
  compare(NFT_CMP_EQ, Buffer.from([protocol])),
];

/** `meta l4proto != <protocol>`; of a fragment the protocol that its header names. */
export const protocolIsNot = (protocol: number): Buffer[] => [
  expression('meta', u32(1, REG_1), u32(2, NFT_META_L4PROTO)),
  compare(NFT_CMP_NEQ, Buffer.from([protocol])),
];

/** `meta iiftype != loopback` */
export const notByLoopback = (): Buffer[] => [
  expression('meta', u32(1, REG_1), u32(2, NFT_META_IIFTYPE)),
  compare(NFT_CMP_NEQ, ARPHRD_LOOPBACK),
];

/** `meta skuid >= 0`: a socket of a process in this namespace sends it. The kernel's own have no owner to be read. */
export const sentByUser = (): Buffer[] => [
  expression('meta', u32(1, REG_1), u32(2, NFT_META_SKUID)),
  compare(NFT_CMP_GTE, Buffer.alloc(4)),
];

/** `fib saddr . iif oif != 0`: the interface that it came by is one that the route to its source leaves by. */
export const byRouteBack = (): Buffer[] => [
  fib(NFT_FIB_RESULT_OIF, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF),
  compare(NFT_CMP_NEQ, Buffer.alloc(4)),
];

/** `fib daddr . iif type != local`: for an address of this host that is not one of the interface it came by. */
export const forOtherInterface = (): Buffer[] => [
  fib(NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR | NFTA_FIB_F_IIF),
  compare(NFT_CMP_NEQ, RTN_LOCAL),
];

/** `ip frag-off & 0x3fff == 0x2000`: more fragments follow, none goes before. */
export const firstFragment = (): Buffer[] => [
  load(IP_FRAGMENT),
  mask(Buffer.from([0x3f, 0xff])),
  compare(NFT_CMP_EQ, Buffer.from([0x20, 0x00])),
];

/** `frag frag-off 0 frag more-fragments 1` (RFC 8200 section 4.5). */
export const firstFragment6 = (): Buffer[] => [
  expression('exthdr', u32(1, REG_1), attr(2, Buffer.from([IPPROTO_FRAGMENT])), u32(3, 2), u32(4, 2)),
  mask(Buffer.from([0xff, 0xf9])),
  compare(NFT_CMP_EQ, Buffer.from([0x00, 0x01])),
];

/** `<field> <value>` */
export const fieldIs = (field: Field, value: Buffer): Buffer[] => [load(field), compare(NFT_CMP_EQ, value)];

/** `<field> != <value>` */
export const fieldIsNot = (field: Field, value: Buffer): Buffer[] => [load(field), compare(NFT_CMP_NEQ, value)];

/** `<field> >= <value>`, both in network byte order. */
export const fieldAtLeast = (field: Field, value: Buffer): Buffer[] => [load(field), compare(NFT_CMP_GTE, value)];

/** `<field> < <value>`, likewise. */
export const fieldBelow = (field: Field, value: Buffer): Buffer[] => [load(field), compare(NFT_CMP_LT, value)];

/** `<field> @<set>` */
export const fieldIn = (field: Field, set: string): Buffer[] => [
  load(field),
  expression('lookup', text(1, set), u32(2, REG_1)),
];

/** `<field> != @<set>` */
export const fieldNotIn = (field: Field, set: string): Buffer[] => [
  load(field),
  expression('lookup', text(1, set), u32(2, REG_1), u32(5, NFT_LOOKUP_F_INV)),
];

/** `iifname @<set>`, a set of names of 16 bytes. */
export const interfaceIn = (set: string): Buffer[] => [
  expression('meta', u32(1, REG_1), u32(2, NFT_META_IIFNAME)),
  expression('lookup', text(1, set), u32(2, REG_1)),
];

/** `fib daddr type local` */
export const forThisHost = (): Buffer[] => [
  fib(NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR),
  compare(NFT_CMP_EQ, RTN_LOCAL),
];

/** `counter packets <packets> drop` */
export const drop = (packets = 0): Buffer[] => [expression('counter', u64(1, 0), u64(2, packets)), verdict(NF_DROP)];

/** `limit rate over <rate>/second burst <burst> packets` */
export const packetsOver = (rate: number, burst: number): Buffer[] => [limitOver(NFT_LIMIT_PKTS, rate, burst)];

/** `limit rate over <rate> bytes/second burst <burst> bytes` */
export const bytesOver = (rate: number, burst: number): Buffer[] => [limitOver(NFT_LIMIT_PKT_BYTES, rate, burst)];

const limitOver = (type: number, rate: number, burst: number): Buffer =>
  expression('limit', u64(1, rate), u64(2, 1), u32(3, burst), u32(4, type), u32(5, NFT_LIMIT_F_INV));

/** `accept`: goes on with the next chain of the hook, if there is one. */
export const accept = (): Buffer[] => [verdict(NF_ACCEPT)];

/** `<field> set <value>`, with the checksums that cover it. */
export const setField = (field: Field, value: Buffer): Buffer[] =>
  store(field, value, [
    u32(6, NFT_PAYLOAD_CSUM_INET),
    u32(7, field.checksum),
    // Addresses are part of the transport checksum's pseudo header.
    ...(field.base === NETWORK_HEADER ? [u32(8, NFT_PAYLOAD_L4CSUM_PSEUDOHDR)] : []),
  ]);

/** `<field> set <value>` of an IP header's field that no checksum but the header's own covers, if there is that. */
export const setHeaderField = (field: Field, value: Buffer): Buffer[] =>
  store(field, value, field.checksum === 0 ? [] : [u32(6, NFT_PAYLOAD_CSUM_INET), u32(7, field.checksum)]);

const store = (field: Field, value: Buffer, checksums: readonly Buffer[]): Buffer[] => [
  immediate(REG_1, value),
  expression('payload', u32(5, REG_1), u32(2, field.base), u32(3, field.offset), u32(4, field.length), ...checksums),
];

const fib = (result: number, flags: number): Buffer => expression('fib', u32(1, REG_1), u32(2, result), u32(3, flags));

const mask = (bits: Buffer): Buffer =>
  expression(
    'bitwise',
    u32(1, REG_1),
    u32(2, REG_1),
    u32(3, bits.length),
    nested(4, attr(1, bits)),
    nested(5, attr(1, Buffer.alloc(bits.length))),
  );

const verdict = (code: number): Buffer =>
  expression('immediate', u32(1, NFT_REG_VERDICT), nested(2, nested(2, u32(1, code))));

/** `<field>` into the first register. */
export const load = (field: Field): Buffer =>
  expression('payload', u32(1, REG_1), u32(2, field.base), u32(3, field.offset), u32(4, field.length));

/** The first register against a value; `operator` of `enum nft_cmp_ops`. */
export const compare = (operator: number, value: Buffer): Buffer =>
  expression('cmp', u32(1, REG_1), u32(2, operator), nested(3, attr(1, value)));

const immediate = (register: number, value: Buffer): Buffer =>
  expression('immediate', u32(1, register), nested(2, attr(1, value)));

/** One expression by its kernel name, with its attributes. */
export function expression(name: string, ...data: readonly Buffer[]): Buffer {
  return element(text(1, name), nested(2, ...data));
}
