/** Answers as bytes: RFC 1035 section 4. Pure; what it is given always fits, so that nothing here throws. */
import { Class, Flag, HEADER, type Opt, type Query, Type } from './query.js';

/** Seconds. A name moves to another address with every container restart, and a client must see it soon. */
export const TTL = 5;

/** The UDP payload that we offer and use at most, bytes: RFC 6891 section 6.2.5. */
export const MAX_UDP = 4096;

export const Rcode = { ok: 0, formatError: 1, serverFailure: 2 } as const;

/** One resource record about the name that was asked for. */
export interface Answer {
  readonly type: number;
  /** RDATA, at most 255 bytes. */
  readonly data: Buffer;
}

const MIN_UDP = 512;
const RECURSION_AVAILABLE = 0x80;
/** A pointer to the question's name, type, class, TTL and length. */
const RECORD_FIXED = 12;
const OPT_LENGTH = 11;

/** The most bytes that the asking client takes over UDP. */
export const udpLimit = ({ opt }: Query): number => Math.min(MAX_UDP, Math.max(MIN_UDP, opt?.size ?? MIN_UDP));

/**
 * In at most `limit` bytes (512 or more): with all answers, or with TC set and as many as fit. A client that cannot
 * ask again over TCP then still has something (RFC 2181 section 9 leaves it the choice).
 */
export function reply(query: Query, answers: readonly Answer[], limit: number, rcode: number = Rcode.ok): Buffer {
  const fixed = HEADER + query.question.length + (query.opt ? OPT_LENGTH : 0);
  let size = fixed;
  let count = 0;
  for (const { data } of answers) {
    if (size + RECORD_FIXED + data.length > limit) break;
    size += RECORD_FIXED + data.length;
    count++;
  }
  const bytes = Buffer.alloc(size);
  let at = writeHeader(bytes, query, (count < answers.length ? Flag.truncated : 0) | rcode);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(count, 6);
  bytes.writeUInt16BE(query.opt ? 1 : 0, 10);
  at += query.question.copy(bytes, at);
  for (const answer of answers.slice(0, count)) at = writeAnswer(bytes, at, answer);
  if (query.opt) writeOpt(bytes, at, query.opt);
  return bytes;
}

/** Only the header comes back: whether the rest can be read is what is in doubt. */
export function failure(query: { readonly id: number; readonly flags: number }, rcode: number): Buffer {
  const bytes = Buffer.alloc(HEADER);
  writeHeader(bytes, query, rcode);
  return bytes;
}

/** As the engine's resolver: recursion available, not authoritative. */
function writeHeader(bytes: Buffer, query: { readonly id: number; readonly flags: number }, flags: number): number {
  const kept = query.flags & (Flag.opcode | Flag.desired | Flag.unchecked);
  bytes.writeUInt16BE(query.id, 0);
  bytes.writeUInt16BE(Flag.response | kept | RECURSION_AVAILABLE | flags, 2);
  return HEADER;
}

function writeAnswer(bytes: Buffer, at: number, { type, data }: Answer): number {
  bytes.writeUInt16BE(0xc000 | HEADER, at);
  bytes.writeUInt16BE(type, at + 2);
  bytes.writeUInt16BE(Class.in, at + 4);
  bytes.writeUInt32BE(TTL, at + 6);
  bytes.writeUInt16BE(data.length, at + 10);
  return at + RECORD_FIXED + data.copy(bytes, at + RECORD_FIXED);
}

function writeOpt(bytes: Buffer, at: number, { dnssecOk }: Opt): void {
  bytes.writeUInt16BE(Type.opt, at + 1);
  bytes.writeUInt16BE(MAX_UDP, at + 3);
  bytes.writeUInt16BE(dnssecOk ? 0x8000 : 0, at + 7);
}
