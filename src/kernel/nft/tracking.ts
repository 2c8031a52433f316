/**
 * Expressions about what connection tracking knows of a packet, and about maps that rules themselves write: by the end
 * that asks, an IPv4 address and a port.
 */
import {
  CMP,
  CSUM_INET,
  compare,
  expression,
  type Field,
  load,
  loadInto,
  lookUp,
  mask,
  REG_1,
  REG_2,
  REG32_01,
  store,
  TRANSPORT_HEADER,
} from './expression.js';
import { attr, text, u32, u64 } from './message.js';

const NFT_CT = { state: 0, status: 2, protoDst: 12 } as const;
/** In host order. */
const ESTABLISHED_OR_RELATED = Buffer.from([0x06, 0, 0, 0]);
const IP_CT_DIR_ORIGINAL = Buffer.from([0]);
/** In host order. */
const IPS_DST_NAT = Buffer.from([0x20, 0, 0, 0]);
const NFT_DYNSET_OP_UPDATE = 1;
/** RFC 9293 section 3.1. */
const TCP_FLAGS: Field = { base: TRANSPORT_HEADER, offset: 13, length: 1, checksum: 16 };
const SYN = Buffer.from([0x02]);
const SYN_ACK = Buffer.from([0x12]);

/** `ct original proto-dst <port>`: what it was sent to, before anybody translated that. */
export const sentTo = (port: Buffer): Buffer[] => [
  expression('ct', u32(1, REG_1), u32(2, NFT_CT.protoDst), attr(3, IP_CT_DIR_ORIGINAL)),
  compare(CMP.eq, port),
];

/** `ct status dnat` */
export const isTranslated = (): Buffer[] => [
  expression('ct', u32(1, REG_1), u32(2, NFT_CT.status)),
  mask(IPS_DST_NAT),
  compare(CMP.neq, Buffer.alloc(IPS_DST_NAT.length)),
];

/** `ct state & (established | related) == 0`: no answer to what went the other way. */
export const isNoAnswer = (): Buffer[] => [
  expression('ct', u32(1, REG_1), u32(2, NFT_CT.state)),
  mask(ESTABLISHED_OR_RELATED),
  compare(CMP.eq, Buffer.alloc(ESTABLISHED_OR_RELATED.length)),
];

/** `tcp flags & (syn | ack) == syn` */
export const isFirstOfTcp = (): Buffer[] => [load(TCP_FLAGS), mask(SYN_ACK), compare(CMP.eq, SYN)];

/** An address and a port of the packet. */
export interface End {
  readonly address: Field;
  readonly port: Field;
}

/** `update @<map> { <end> timeout <ms> : <value> }`; a map that is full ends the rule. */
export const note = (map: string, end: End, value: Field, ms: number): Buffer[] => [
  ...key(end),
  loadInto(REG_2, value),
  expression('dynset', text(1, map), u32(3, NFT_DYNSET_OP_UPDATE), u32(4, REG_1), u32(5, REG_2), u64(6, ms)),
];

/** `update @<set> { <field> timeout <ms> }` */
export const keepIn = (set: string, field: Field, ms: number): Buffer[] => [
  load(field),
  expression('dynset', text(1, set), u32(3, NFT_DYNSET_OP_UPDATE), u32(4, REG_1), u64(6, ms)),
];

const valueInto = (register: number, map: string): Buffer =>
  expression('lookup', text(1, map), u32(2, REG_1), u32(3, register));

/**
 * `<end> @<map>`. `older`: kernels before 6.5, which ask a map for a value alone; nobody wants it here, and `nft list` does
 * not show the question.
 */
export const isNoted = (map: string, end: End, older: boolean): Buffer[] => [
  ...key(end),
  older ? valueInto(REG_2, map) : lookUp(map),
];

/** `<field> set <end> map @<map>`, of a field of the transport header. */
export const setNoted = (map: string, end: End, field: Field): Buffer[] => [
  ...key(end),
  valueInto(REG_1, map),
  store(field, [u32(6, CSUM_INET), u32(7, field.checksum)]),
];

const key = ({ address, port }: End): Buffer[] => [load(address), loadInto(REG32_01, port)];
