/**
 * All of a DNS message that is ever read: the header, one question, and an OPT record right behind it (RFC 1035
 * section 4, RFC 6891 section 6). No compression pointer is followed, nothing is allocated by what a count claims:
 * the work is that of one name, whatever comes in. Pure.
 */

export const HEADER = 12;

/** `TYPE`s and `CLASS`es that mean something here. */
export const Type = { a: 1, ptr: 12, mx: 15, aaaa: 28, opt: 41 } as const;
export const Class = { in: 1, any: 255 } as const;

export const Flag = {
  response: 0x8000,
  opcode: 0x7800,
  truncated: 0x0200,
  desired: 0x0100,
  unchecked: 0x0010,
} as const;

export interface Query {
  readonly id: number;
  readonly flags: number;
  /** Name, type and class as they came, to be repeated in the answer. */
  readonly question: Buffer;
  /** Lower case, without a dot at its end; undefined when no record can have it: a dot within a label, no UTF-8. */
  readonly name: string | undefined;
  readonly type: number;
  readonly class: number;
  readonly opt: Opt | undefined;
}

export interface Opt {
  /** The UDP payload that the client takes, bytes. */
  readonly size: number;
  readonly dnssecOk: boolean;
}

/** `foreign`: may be a good message, but not one of ours to read. `malformed`: its question is none. */
export type Reading = Query | 'foreign' | 'malformed';

/** RFC 1035 section 2.3.4, bytes; a name's with the length bytes and the root's. */
export const MAX_LABEL = 63;
export const MAX_NAME = 255;
const OPT_FIXED = 11;
const DNSSEC_OK = 0x8000;

/** `bytes`: at least a header. */
export function readQuery(bytes: Buffer): Reading {
  const flags = bytes.readUInt16BE(2);
  const additional = bytes.readUInt16BE(10);
  // Bodies of other opcodes look different (RFC 2136).
  if ((flags & (Flag.response | Flag.opcode)) !== 0) return 'foreign';
  if (bytes.readUInt16BE(4) !== 1 || bytes.readUInt32BE(6) !== 0 || additional > 1) return 'foreign';
  const nameEnd = endOfName(bytes);
  if (nameEnd === undefined || nameEnd + 4 > bytes.length) return 'malformed';
  const end = nameEnd + 4;
  const opt = additional === 1 ? readOpt(bytes.subarray(end)) : undefined;
  if (additional === 1 ? opt === undefined : end !== bytes.length) return 'foreign';
  return {
    id: bytes.readUInt16BE(0),
    flags,
    question: bytes.subarray(HEADER, end),
    name: textOf(bytes.subarray(HEADER, nameEnd)),
    type: bytes.readUInt16BE(nameEnd),
    class: bytes.readUInt16BE(nameEnd + 2),
    opt,
  };
}

/** Behind the root label; undefined when it is too long, cut off, or has a pointer in it. */
function endOfName(bytes: Buffer): number | undefined {
  for (let at = HEADER; at - HEADER < MAX_NAME; ) {
    const length = bytes[at];
    if (length === undefined || length > MAX_LABEL) return undefined;
    at += 1 + length;
    if (length === 0) return at;
  }
  return undefined;
}

/** `name`: whole labels with the root's. */
function textOf(name: Buffer): string | undefined {
  const labels: string[] = [];
  for (let at = 0; at < name.length - 1; at += 1 + (name[at] ?? 0)) {
    const label = name.toString('utf8', at + 1, at + 1 + (name[at] ?? 0));
    if (label.includes('.') || label.includes('\ufffd')) return undefined;
    labels.push(label);
  }
  return labels.join('.').toLowerCase();
}

/** `record`: all that is left of the message. Undefined when it is no OPT record alone, or one of a later version. */
function readOpt(record: Buffer): Opt | undefined {
  if (record.length < OPT_FIXED || record[0] !== 0 || record.readUInt16BE(1) !== Type.opt) return undefined;
  if (record[6] !== 0 || OPT_FIXED + record.readUInt16BE(9) !== record.length) return undefined;
  return { size: record.readUInt16BE(3), dnssecOk: (record.readUInt16BE(7) & DNSSEC_OK) !== 0 };
}
