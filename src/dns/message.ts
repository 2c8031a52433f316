/** The resolver's decisions on bytes: one message in, one verdict out. Pure; never throws, whatever comes in. */
import { decode, encode, encodingLength, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';
import { answer, reply, type Shuffle, udpLimit } from './answer.js';
import type { Zone } from './zone.js';

export type Transport = 'udp' | 'tcp';

export type Verdict =
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  /** The engine's resolver has to answer it, byte for byte as it came. */
  | { readonly kind: 'forward' }
  /** Nothing that could be answered: too short for a header, or no query. */
  | { readonly kind: 'drop' };

const HEADER = 12;
/** A question about the root: an empty name, type and class. */
const MIN_RECORD = 5;
const QR = 0x8000;
const OPCODE = 0x7800;
const FORMERR = 1;
const SERVFAIL = 2;
const MAX_TCP = 0xffff;

export function decide(bytes: Buffer, transport: Transport, zones: readonly Zone[], shuffle: Shuffle): Verdict {
  if (bytes.length < HEADER) return { kind: 'drop' };
  const flags = bytes.readUInt16BE(2);
  if ((flags & QR) !== 0) return { kind: 'drop' };
  // Bodies of other opcodes look different (RFC 2136), and are none of ours.
  if ((flags & OPCODE) !== 0) return { kind: 'forward' };
  try {
    const query = read(bytes);
    const ours = answer(query, zones, shuffle);
    if (!ours) return { kind: 'forward' };
    return { kind: 'reply', bytes: encodeWithin(ours, transport === 'tcp' ? MAX_TCP : udpLimit(query)) };
  } catch {
    return { kind: 'reply', bytes: failure(bytes, FORMERR) };
  }
}

/** SERVFAIL for a query that the engine did not answer; with its question, without which glibc does not take it. */
export function servfail(query: Buffer): Buffer {
  try {
    return encode(reply(read(query), [], SERVFAIL));
  } catch {
    return failure(query, SERVFAIL);
  }
}

/**
 * The packet in at most `limit` bytes: with all its answers, or with TC set and as many as fit. A client that cannot
 * ask again over TCP then still has something (RFC 2181 section 9 leaves it the choice).
 */
export function encodeWithin(packet: Packet, limit: number): Buffer {
  const whole = encode(packet);
  if (whole.length <= limit) return whole;
  let room = limit - encodingLength({ ...packet, answers: [] });
  const answers = (packet.answers ?? []).filter((record) => {
    room -= encodingLength({ answers: [record] }) - HEADER;
    return room >= 0;
  });
  return encode({ ...packet, flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE, answers });
}

/** Throws when the bytes are no DNS message. */
function read(bytes: Buffer): Packet {
  const records = [4, 6, 8, 10].reduce((sum, at) => sum + bytes.readUInt16BE(at), 0);
  // dns-packet allocates what the header claims: up to 256 Ki entries for a packet of twelve bytes.
  if (records * MIN_RECORD > bytes.length - HEADER) throw new RangeError('more records than bytes');
  return decode(bytes);
}

/** Only the header comes back: whether the rest can be read is what is in doubt. */
function failure(query: Buffer, rcode: number): Buffer {
  return encode(reply({ id: query.readUInt16BE(0), flags: query.readUInt16BE(2), questions: [] }, [], rcode));
}
