/**
 * What a rule is a list of, each as one encoded list element. Expressions speak through registers: a load writes one, a
 * comparison, a look-up or a store reads it. Their bytecode is what `nft --debug=netlink` prints.
 */
import { attr, element, nested, text, u32 } from './message.js';
import { NFT_REG_VERDICT, NFTA_DATA, NFTA_EXPR } from './uapi.js';

/** `enum nft_registers`: two of the four 128-bit ones are enough here. */
export const REG_1 = 1;
export const REG_2 = 2;
/** The second four bytes of register 1: a key of two parts stands in both. */
export const REG32_01 = 9;

export const NETWORK_HEADER = 1;
export const TRANSPORT_HEADER = 2;
export const LINK_HEADER = 0;

/** `enum nft_cmp_ops`. */
export const CMP = { eq: 0, neq: 1, lt: 2, lte: 3, gt: 4, gte: 5 } as const;
/** `enum nft_meta_keys`. */
export const META = { protocol: 1, iifname: 6, oifname: 7, iiftype: 8, skuid: 10, l4proto: 16, iifkind: 26 } as const;
/** Checksums over pairs of bytes, as those of IP, UDP and TCP. */
export const CSUM_INET = 1;

const NFT_LOOKUP_F_INV = 1;
const NFT_RANGE_NEQ = 1;

/** A header field: where it is, and where the checksum is that covers it (bytes from the start of the header). */
export interface Field {
  readonly base: number;
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

/** One expression by its kernel name, with its attributes. */
export const expression = (name: string, ...data: readonly Buffer[]): Buffer =>
  element(text(NFTA_EXPR.NAME, name), nested(NFTA_EXPR.DATA, ...data));

export const loadInto = (register: number, { base, offset, length }: Field): Buffer =>
  expression('payload', u32(1, register), u32(2, base), u32(3, offset), u32(4, length));

/** `<field>` into the first register. */
export const load = (field: Field): Buffer => loadInto(REG_1, field);

/** The first register into a field; `checksums`: attributes that say which of them go along. */
export const store = ({ base, offset, length }: Field, checksums: readonly Buffer[]): Buffer =>
  expression('payload', u32(5, REG_1), u32(2, base), u32(3, offset), u32(4, length), ...checksums);

/** `meta <key>` into the first register. */
export const meta = (key: number): Buffer => expression('meta', u32(1, REG_1), u32(2, key));

/** The first register against a value; `operator` of {@link CMP}. */
export const compare = (operator: number, value: Buffer): Buffer =>
  expression('cmp', u32(1, REG_1), u32(2, operator), nested(3, attr(NFTA_DATA.VALUE, value)));

/** The first register below a value or above another. */
export const outside = (first: Buffer, last: Buffer): Buffer =>
  expression(
    'range',
    ...[u32(1, REG_1), u32(2, NFT_RANGE_NEQ)],
    ...[nested(3, attr(NFTA_DATA.VALUE, first)), nested(4, attr(NFTA_DATA.VALUE, last))],
  );

/** Of the first register only these bits are left. */
export const mask = (bits: Buffer): Buffer =>
  expression(
    'bitwise',
    ...[u32(1, REG_1), u32(2, REG_1), u32(3, bits.length)],
    ...[nested(4, attr(NFTA_DATA.VALUE, bits)), nested(5, attr(NFTA_DATA.VALUE, Buffer.alloc(bits.length)))],
  );

/** The first register in a set or the keys of a map. */
export const lookUp = (set: string): Buffer => expression('lookup', text(1, set), u32(2, REG_1));

/** The first register not in a set. */
export const lookUpNot = (set: string): Buffer =>
  expression('lookup', text(1, set), u32(2, REG_1), u32(5, NFT_LOOKUP_F_INV));

export const immediate = (value: Buffer): Buffer =>
  expression('immediate', u32(1, REG_1), nested(2, attr(NFTA_DATA.VALUE, value)));

export const verdict = (...parts: readonly Buffer[]): Buffer =>
  expression('immediate', u32(1, NFT_REG_VERDICT), nested(2, nested(NFTA_DATA.VERDICT, ...parts)));
