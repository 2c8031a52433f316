/**
 * The expressions that a rule is a list of, each as one encoded list element. They speak through registers: a load
 * writes one, a comparison, a look-up or a store reads it. Their bytecode is what `nft --debug=netlink` prints.
 */
import { attr, element, nested, text, u32 } from './nft-message.js';

/** `enum nft_registers`: two of the four 128-bit ones are enough here. */
const REG_1 = 1;
const REG_2 = 2;

const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const NFT_META_L4PROTO = 16;
const NFT_CMP_EQ = 0;
const NFT_CMP_NEQ = 1;
const NFT_NAT_DNAT = 1;
const NFT_LOOKUP_F_INV = 1;
const NFT_REG_VERDICT = 0;
const NF_DROP = 0;
const NFPROTO_IPV4 = 2;
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
export const TCP_DPORT: Field = { base: TRANSPORT_HEADER, offset: 2, length: 2, checksum: 16 };

/** Without a checksum: it is only read. */
export const IP6_SADDR: Field = { base: NETWORK_HEADER, offset: 8, length: 16, checksum: 0 };
/** Behind the UDP header, flags and reserved bytes (RFC 7348 section 5). */
export const VXLAN_VNI: Field = { base: TRANSPORT_HEADER, offset: 12, length: 3, checksum: 0 };

/** `meta l4proto <protocol>` */
export const protocolIs = (protocol: number): Buffer[] => [
  expression('meta', u32(1, REG_1), u32(2, NFT_META_L4PROTO)),
  compare(NFT_CMP_EQ, Buffer.from([protocol])),
];

/** `<field> <value>` */
export const fieldIs = (field: Field, value: Buffer): Buffer[] => [load(field), compare(NFT_CMP_EQ, value)];

/** `<field> != <value>` */
export const fieldIsNot = (field: Field, value: Buffer): Buffer[] => [load(field), compare(NFT_CMP_NEQ, value)];

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

/** `counter drop` */
export const drop = (): Buffer[] => [
  element(text(1, 'counter')),
  expression('immediate', u32(1, NFT_REG_VERDICT), nested(2, nested(2, u32(1, NF_DROP)))),
];

/** `<field> set <value>`, with the checksums that cover it. */
export const setField = (field: Field, value: Buffer): Buffer[] => [
  immediate(REG_1, value),
  expression(
    'payload',
    u32(5, REG_1),
    u32(2, field.base),
    u32(3, field.offset),
    u32(4, field.length),
    u32(6, NFT_PAYLOAD_CSUM_INET),
    u32(7, field.checksum),
    // Addresses are part of the transport checksum's pseudo header.
    ...(field.base === NETWORK_HEADER ? [u32(8, NFT_PAYLOAD_L4CSUM_PSEUDOHDR)] : []),
  ),
];

/** `notrack` */
export const notrack = (): Buffer[] => [element(text(1, 'notrack'))];

/** `dnat to <address>:<port>` */
export const dnatTo = (address: Buffer, port: Buffer): Buffer[] => [
  immediate(REG_1, address),
  immediate(REG_2, port),
  expression('nat', u32(1, NFT_NAT_DNAT), u32(2, NFPROTO_IPV4), u32(3, REG_1), u32(5, REG_2)),
];

const load = (field: Field): Buffer =>
  expression('payload', u32(1, REG_1), u32(2, field.base), u32(3, field.offset), u32(4, field.length));

const compare = (operator: number, value: Buffer): Buffer =>
  expression('cmp', u32(1, REG_1), u32(2, operator), nested(3, attr(1, value)));

const immediate = (register: number, value: Buffer): Buffer =>
  expression('immediate', u32(1, register), nested(2, attr(1, value)));

function expression(name: string, ...data: readonly Buffer[]): Buffer {
  return element(text(1, name), nested(2, ...data));
}
