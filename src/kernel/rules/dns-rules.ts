/**
 * The rules that send a container's DNS questions to us, as nft table `ip tsoverlay-dns` of the container's namespace.
 * They work only while the set `live` holds the engine's address, which times out unless renewed: when we die, the
 * engine's resolver answers again by itself. A datagram renews it, from our socket there to itself, which is dropped where
 * it is sent: a change of rules would wait for a lock of the namespace, which a container with CAP_NET_ADMIN can hold, and
 * have the whole host wait with it (nfnetlink_rcv_batch).
 *
 * A container may have rules of its own about its resolver, and they must act as if we were not there. So a question
 * goes all the way to the engine's resolver, through the engine's DNAT and whatever the container filters, and only
 * behind all that, as the last thing before a socket is looked for, its port is made ours. The answer gets the engine's
 * port back before anything else sees it. Which port that was, the question has told: it is kept by the asking end, for
 * connection tracking binds a client that keeps its socket to the port that the engine had then.
 *
 * So each datagram is judged by itself, by what `live` says at that moment, and nobody is bound to us when we are dead;
 * a TCP connection stays with whom it began.
 *
 * Before all, whoever answers is kept from being flooded: at half a CPU a container sends 100,000 datagrams a second,
 * and the engine's resolver, which has no bound of its own, then makes `docker run` eight times as slow.
 */
import type { Field } from '../nft/expression.js';
import {
  fieldIn,
  fieldIs,
  fieldIsNot,
  IP_DADDR,
  IP_SADDR,
  setField,
  TCP_DPORT,
  TCP_SPORT,
  UDP_DPORT,
  UDP_SPORT,
} from '../nft/field.js';
import { batch, type Change, u64 } from '../nft/message.js';
import { protocolIs } from '../nft/packet.js';
import { HOOK, KEY, SET as SETS, Table } from '../nft/table.js';
import { isFirstOfTcp, isNoted, isTranslated, keepIn, note, sentTo, setNoted } from '../nft/tracking.js';
import { bytesOver, drop, packetsOver } from '../nft/verdict.js';

/** Where every resolv.conf that the engine writes points to, port 53. */
export const ENGINE_ADDRESS = '127.0.0.11';
/** What our own questions to the engine's resolver come from, and the rules skip. */
export const OUR_ADDRESS = '127.0.0.12';
/** How long the redirect outlives the last renewal, milliseconds; long enough to miss two renewals. */
export const LIVE_MS = 4000;

export const TABLE = 'tsoverlay-dns';
export const SET = 'live';
const LIVE_FLAGS = SETS.timeout | SETS.writtenByRules;
const table = new Table(TABLE);
const FLOOD_CHAIN = 'dns-flood';
const QUESTIONS_CHAIN = 'dns-questions';
const ANSWERS_CHAIN = 'dns-answers';
const ENGINE = ip(ENGINE_ADDRESS);
const OURS = ip(OUR_ADDRESS);
const DNS = u16(53);
const TCP = 6;
const UDP = 17;

/** Per second, and at once; a question that we pass on to the engine counts twice. TCP has many of them in a packet. */
const DATAGRAMS = { rate: 1000, burst: 3000 };
/**
 * As many questions of 200 bytes with their headers, and that is a name of 140. For what counts as one packet may be many:
 * `UDP_SEGMENT` hands the kernel up to 128 that it cuts behind the last rule. (At once go those of a second, too.)
 */
const DATAGRAM_BYTES = { rate: 192 * 1024, burst: 448 * 1024 };
const TCP_BYTES = { rate: 96 * 1024, burst: 1024 * 1024 };

interface Transport {
  readonly protocol: number;
  readonly source: Field;
  readonly destination: Field;
  /** By who has asked, which port of the engine's. Plain `udp` would be a keyword: a saved listing could not be loaded. */
  readonly map: string;
  readonly id: number;
  /** How long an end may be silent before it is forgotten, milliseconds, and how many there may be. */
  readonly ms: number;
  readonly size: number;
}

/** A question waits 13 s for its answer at most, a connection 20 s for the next one. */
const OVER_UDP: Transport = {
  ...{ protocol: UDP, source: UDP_SPORT, destination: UDP_DPORT },
  ...{ map: 'asked-udp', id: 2, ms: 15_000, size: 32_768 },
};
const OVER_TCP: Transport = {
  ...{ protocol: TCP, source: TCP_SPORT, destination: TCP_DPORT },
  ...{ map: 'asked-tcp', id: 3, ms: 30_000, size: 8192 },
};

/** Behind all that a container may have there. */
const LAST = 200;
/** Before connection tracking, at -200. */
const FIRST = -300;
/** Of one part of a type of several. */
const TYPE_BITS = 6;

/** The bytes of {@link DnsRedirect.ensure}. `older`: for a kernel before 6.5, see {@link isNoted}. */
export function redirectBatch(port: number, older = false): Buffer {
  const ours = u16(port);
  return batch([
    ...table.afresh(),
    table.set({ name: SET, id: 1, ...{ type: KEY.ip, length: ENGINE.length, size: 16, flags: LIVE_FLAGS } }),
    ...table.addElements(SET, [ENGINE], u64(4, LIVE_MS)),
    mapOf(OVER_UDP),
    mapOf(OVER_TCP),
    table.chain(FLOOD_CHAIN, { number: HOOK.output, priority: FIRST - 10 }),
    renewalRule(ours),
    // Whatever the port: the engine's own behind 53 can be found.
    dropRule(UDP, packetsOver(DATAGRAMS.rate, DATAGRAMS.burst)),
    dropRule(UDP, bytesOver(DATAGRAM_BYTES.rate, DATAGRAM_BYTES.burst)),
    dropRule(TCP, bytesOver(TCP_BYTES.rate, TCP_BYTES.burst)),
    table.chain(ANSWERS_CHAIN, { number: HOOK.output, priority: FIRST }),
    answerRule(OVER_UDP, ours),
    answerRule(OVER_TCP, ours),
    table.chain(QUESTIONS_CHAIN, { number: HOOK.input, priority: LAST }),
    table.rule(QUESTIONS_CHAIN, [...questions(OVER_UDP), ...noteAsker(OVER_UDP), ...setField(UDP_DPORT, ours)]),
    table.rule(QUESTIONS_CHAIN, [...questions(OVER_TCP), ...isFirstOfTcp(), ...noteAsker(OVER_TCP)]),
    table.rule(QUESTIONS_CHAIN, [
      ...fieldIs(IP_DADDR, ENGINE),
      ...protocolIs(TCP),
      ...sentTo(DNS),
      ...isNoted(OVER_TCP.map, asking(OVER_TCP), older),
      ...noteAsker(OVER_TCP),
      ...setField(TCP_DPORT, ours),
    ]),
  ]);
}

const asking = ({ source }: Transport) => ({ address: IP_SADDR, port: source });

/** New ones for the engine, wherever its rules have been moved to (kind, k3d); our own go through to it. */
const questions = ({ protocol }: Transport): Buffer[] => [
  ...fieldIsNot(IP_SADDR, OURS),
  ...fieldIn(IP_DADDR, SET),
  ...protocolIs(protocol),
  ...sentTo(DNS),
  ...isTranslated(),
];

const noteAsker = (transport: Transport): Buffer[] =>
  note(transport.map, asking(transport), transport.destination, transport.ms);

const answerRule = ({ protocol, source, destination, map }: Transport, ours: Buffer): Change =>
  table.rule(ANSWERS_CHAIN, [
    ...fieldIs(IP_SADDR, ENGINE),
    ...protocolIs(protocol),
    ...fieldIs(source, ours),
    ...setNoted(map, { address: IP_DADDR, port: destination }, source),
  ]);

const mapOf = ({ map, id, size }: Transport): Change =>
  table.set({
    ...{ name: map, id, size, flags: SETS.map | SETS.timeout | SETS.writtenByRules },
    // Each part in whole registers.
    ...{ type: (KEY.ip << TYPE_BITS) | KEY.port, length: 8 },
    data: { type: KEY.port, length: DNS.length },
  });

/** Before all, for what a container sends must not keep it from us. The sender is told EPERM. */
const renewalRule = (ours: Buffer): Change =>
  table.rule(FLOOD_CHAIN, [
    ...fieldIs(IP_SADDR, ENGINE),
    ...fieldIs(IP_DADDR, ENGINE),
    ...protocolIs(UDP),
    ...fieldIs(UDP_SPORT, ours),
    ...fieldIs(UDP_DPORT, ours),
    ...keepIn(SET, IP_DADDR, LIVE_MS),
    ...drop(),
  ]);

const dropRule = (protocol: number, over: readonly Buffer[]): Change =>
  table.rule(FLOOD_CHAIN, [...fieldIs(IP_DADDR, ENGINE), ...protocolIs(protocol), ...over, ...drop()]);

/** The bytes of {@link DnsRedirect.suspend} and {@link DnsRedirect.remove}. */
export const SUSPENSION = batch([table.flush(SET)]);
export const DELETION = batch([table.delete()]);

function ip(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
