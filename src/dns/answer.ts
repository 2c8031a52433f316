/** The resolver's decisions on decoded packets: what we answer ourselves, and what is the engine's to answer. Pure. */
import {
  type Answer,
  CHECKING_DISABLED,
  DNSSEC_OK,
  type OptAnswer,
  type Packet,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from 'dns-packet';
import { type FixedZone, lookUp, nameOf, reversedAddress, type Zone } from './zone.js';

export type { Zone } from './zone.js';

/** Seconds. A name moves to another address with every container restart, and a client must see it soon. */
export const TTL = 5;

/** The UDP payload that we offer and use at most, bytes: RFC 6891 section 6.2.5. */
export const MAX_UDP = 4096;

const MIN_UDP = 512;
const OPCODE_MASK = 0x7800;

/** Puts equal answers in another order each time, so that clients that take the first one spread out. */
export type Shuffle = <T>(items: readonly T[]) => T[];

/**
 * Our answer, or undefined when the query is the engine's: names and addresses that no zone has, other classes and
 * opcodes, more or fewer questions than one. A name that we know is never the engine's, whatever the type asked for.
 */
export function answer(query: Packet, zones: readonly Zone[], shuffle: Shuffle): Packet | undefined {
  const [question, ...more] = query.questions ?? [];
  if (!question || more.length > 0 || query.type === 'response' || opcodeOf(query) !== 0) return undefined;
  if (question.class !== undefined && question.class !== 'IN' && question.class !== 'ANY') return undefined;
  // A zone's endpoints may come as an iterator that can be walked once.
  const fixed = zones.map(({ network, endpoints }) => ({ network, endpoints: [...endpoints] }));
  const answers = forName(question, fixed, shuffle) ?? forAddress(question, fixed);
  return answers && reply(query, answers);
}

/** The shape of every answer of ours, of an error too (`rcode`, RFC 1035 section 4.1.1). */
export function reply(query: Packet, answers: Answer[], rcode = 0): Packet {
  const flags = query.flags ?? 0;
  const offered = optOf(query);
  return {
    type: 'response',
    id: query.id,
    // As the engine's resolver: recursion available, not authoritative.
    flags: (flags & (OPCODE_MASK | RECURSION_DESIRED | CHECKING_DISABLED)) | RECURSION_AVAILABLE | rcode,
    questions: query.questions,
    answers,
    additionals: offered ? [opt(offered)] : [],
  };
}

/** The most bytes that the asking client takes over UDP. */
export function udpLimit(query: Packet): number {
  return Math.min(MAX_UDP, Math.max(MIN_UDP, optOf(query)?.udpPayloadSize ?? MIN_UDP));
}

function forName({ name, type }: Question, zones: readonly FixedZone[], shuffle: Shuffle): Answer[] | undefined {
  const match = lookUp(name, zones);
  if (!match) return undefined;
  // ANY is a type to ask for only; the package's types do not know it.
  const any = String(type) === 'ANY';
  const v4 = any || type === 'A' ? shuffle(match.v4) : [];
  const v6 = any || type === 'AAAA' ? shuffle(match.v6) : [];
  return [
    ...v4.map((data): Answer => ({ type: 'A', class: 'IN', name, ttl: TTL, data })),
    ...v6.map((data): Answer => ({ type: 'AAAA', class: 'IN', name, ttl: TTL, data })),
  ];
}

function forAddress({ name, type }: Question, zones: readonly FixedZone[]): Answer[] | undefined {
  const address = reversedAddress(name);
  const data = address === undefined ? undefined : nameOf(address, zones);
  if (data === undefined) return undefined;
  if (type !== 'PTR' && String(type) !== 'ANY') return [];
  return [{ type: 'PTR', class: 'IN', name, ttl: TTL, data }];
}

const opcodeOf = (query: Packet): number => ((query.flags ?? 0) & OPCODE_MASK) >> 11;

const optOf = (query: Packet): OptAnswer | undefined =>
  query.additionals?.find((record): record is OptAnswer => record.type === 'OPT');

const opt = (offered: OptAnswer): OptAnswer => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize: MAX_UDP,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: offered.flags & DNSSEC_OK,
  flag_do: offered.flag_do,
  options: [],
});
