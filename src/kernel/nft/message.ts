/**
 * nf_tables messages as bytes: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h. Attribute values are in
 * network byte order; the netlink headers are in host order, and our hosts (x86-64, arm64) are little-endian.
 */
import { NFTA_LIST_ELEM } from './uapi.js';

const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NLA_F_NESTED = 0x8000;

/** Families of tables. */
export const NFPROTO = { ipv4: 2, netdev: 5, ipv6: 10 } as const;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

/** `enum nf_tables_msg_types`. */
export const Msg = {
  newTable: 0,
  getTable: 1,
  delTable: 2,
  newChain: 3,
  getChain: 4,
  newRule: 6,
  getRule: 7,
  newSet: 9,
  getSet: 10,
  newSetElem: 12,
  getSetElem: 13,
  delSetElem: 14,
  newGen: 15,
  getGen: 16,
} as const;

/** One change of a batch; its attributes are encoded already. */
export interface Change {
  readonly type: number;
  readonly flags: number;
  readonly attributes: readonly Buffer[];
}

/** Any attribute; `value` is what follows its header. */
export function attr(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

export const text = (type: number, value: string): Buffer => attr(type, Buffer.from(`${value}\0`));

/** Signed or unsigned 32 bits. */
export function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return attr(type, bytes);
}

export function u64(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return attr(type, bytes);
}

export const nested = (type: number, ...inner: readonly Buffer[]): Buffer =>
  attr(type | NLA_F_NESTED, Buffer.concat(inner));

export const element = (...inner: readonly Buffer[]): Buffer => nested(NFTA_LIST_ELEM, ...inner);

/**
 * One transaction of one table family, `ip` unless said otherwise: the kernel does all changes at one moment, or none. Every change is
 * acknowledged or refused under its position in `changes`, counted from 1, as sequence number.
 */
export function batch(changes: readonly Change[], family: number = NFPROTO.ipv4): Buffer {
  return Buffer.concat([
    message(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 0, 0, NFNL_SUBSYS_NFTABLES, []),
    ...changes.map((c, i) => message(netfilterType(c.type), NLM_F_REQUEST | c.flags, i + 1, family, 0, c.attributes)),
    message(NFNL_MSG_BATCH_END, NLM_F_REQUEST, changes.length + 1, 0, NFNL_SUBSYS_NFTABLES, []),
  ]);
}

/** A question for one thing, a `get…` of {@link Msg}. */
export const question = (type: number, attributes: readonly Buffer[], family: number): Buffer =>
  message(netfilterType(type), NLM_F_REQUEST, 1, family, 0, attributes);

/** A question for everything of one kind, a `get…` of {@link Msg}. */
export const dump = (type: number, attributes: readonly Buffer[], family: number): Buffer =>
  message(netfilterType(type), NLM_F_REQUEST | NLM_F_DUMP, 1, family, 0, attributes);

interface Attribute {
  readonly type: number;
  /** As whoever wrote it says: the kernel does not. */
  readonly nested: boolean;
  readonly value: Buffer;
}

/** The attributes in `bytes`, in order: lists repeat a type. Ends where they make no sense. */
export function* attributesIn(bytes: Buffer | undefined): Generator<Attribute> {
  for (let at = 0; bytes !== undefined && at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) return;
    const type = bytes.readUInt16LE(at + 2);
    const nested = (type & NLA_F_NESTED) !== 0;
    yield { type: type & ~NLA_F_NESTED, nested, value: bytes.subarray(at + 4, at + length) };
    at += padded(length);
  }
}

/** The value of the first attribute of a type. */
export function attributeOf(bytes: Buffer | undefined, wanted: number): Buffer | undefined {
  // Not by the generator: the filters of a thousand ports have three hundred thousand expressions.
  for (let at = 0; bytes !== undefined && at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) return undefined;
    if ((bytes.readUInt16LE(at + 2) & ~NLA_F_NESTED) === wanted) return bytes.subarray(at + 4, at + length);
    at += padded(length);
  }
  return undefined;
}

/** A message's type on the wire. */
export const netfilterType = (type: number): number => (NFNL_SUBSYS_NFTABLES << 8) | type;

function message(
  type: number,
  flags: number,
  seq: number,
  family: number,
  resource: number,
  attributes: readonly Buffer[],
): Buffer {
  const body = Buffer.concat(attributes);
  const bytes = Buffer.alloc(20 + body.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(seq, 8);
  bytes.writeUInt8(family, 16);
  bytes.writeUInt16BE(resource, 18);
  body.copy(bytes, 20);
  return bytes;
}

const padded = (length: number): number => (length + 3) & ~3;
