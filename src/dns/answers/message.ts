/** The resolver's decisions on bytes: one message in, one verdict out. Pure; never throws, whatever comes in. */
import { answer, type Shuffle } from './answer.js';
import { Flag, HEADER, readQuery } from './query.js';
import { failure, MAX_UDP, Rcode, reply, udpLimit } from './reply.js';
import type { Zone } from './zone.js';

export type Transport = 'udp' | 'tcp';

export type Verdict =
  /** `endpoints`: how many were looked at for it. */
  | { readonly kind: 'reply'; readonly bytes: Buffer; readonly endpoints: number }
  /** The engine's resolver has to answer it, byte for byte as it came. */
  | { readonly kind: 'forward' }
  /** Nothing that could be answered: too short for a header, or no query. */
  | { readonly kind: 'drop' }
  /** Not before then: what it depends on is about to be known. */
  | { readonly kind: 'wait'; readonly until: Promise<unknown> };

/** Longer messages are refused, bytes. It is what we offer to take (RFC 6891), and no question comes near it. */
export const MAX_QUERY = MAX_UDP;
const MAX_TCP = 0xffff;

export function decide(bytes: Buffer, transport: Transport, zones: readonly Zone[], shuffle: Shuffle): Verdict {
  if (bytes.length < HEADER || (bytes.readUInt16BE(2) & Flag.response) !== 0) return { kind: 'drop' };
  if (bytes.length > MAX_QUERY) return refusal(bytes);
  const query = readQuery(bytes);
  if (query === 'malformed') return refusal(bytes);
  const ours = query === 'foreign' ? undefined : answer(query, zones, shuffle);
  if (query === 'foreign' || !ours) return { kind: 'forward' };
  const limit = transport === 'tcp' ? MAX_TCP : udpLimit(query);
  return { kind: 'reply', bytes: reply(query, ours.answers, limit), endpoints: ours.endpoints };
}

/** SERVFAIL for a query that the engine did not answer; with its question, without which glibc does not take it. */
export function servfail(bytes: Buffer): Buffer {
  const query = readQuery(bytes);
  return typeof query === 'string'
    ? failure(headOf(bytes), Rcode.serverFailure)
    : reply(query, [], MAX_UDP, Rcode.serverFailure);
}

function refusal(bytes: Buffer): Verdict {
  return { kind: 'reply', bytes: failure(headOf(bytes), Rcode.formatError), endpoints: 0 };
}

const headOf = (bytes: Buffer) => ({ id: bytes.readUInt16BE(0), flags: bytes.readUInt16BE(2) });
