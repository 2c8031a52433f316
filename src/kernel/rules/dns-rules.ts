/**
 * The rules that send a container's DNS questions to us, as nft table `ip tsoverlay-dns` of the container's namespace.
 * They work only while the set `live` holds the engine's address, which times out unless renewed: when we die, the
 * engine's resolver answers again by itself.
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
import {
  bytesOver,
  drop,
  type Field,
  fieldIn,
  fieldIs,
  fieldIsNot,
  IP_DADDR,
  IP_SADDR,
  packetsOver,
  protocolIs,
  setField,
  TCP_DPORT,
  TCP_SPORT,
  UDP_DPORT,
  UDP_SPORT,
} from '../nft/expression.js';
import {
  attr,
  batch,
  type Change,
  element,
  Msg,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  nested,
  text,
  u32,
  u64,
} from '../nft/message.js';
import { isFirstOfTcp, isNoted, isTranslated, note, sentTo, setNoted } from '../nft/tracking.js';

/** Where every resolv.conf that the engine writes points to, port 53. */
export const ENGINE_ADDRESS = '127.0.0.11';
/** What our own questions to the engine's resolver come from, and the rules skip. */
export const OUR_ADDRESS = '127.0.0.12';
/** How long the redirect outlives the last renewal, milliseconds; long enough to miss two renewals. */
export const LIVE_MS = 4000;

export const TABLE = 'tsoverlay-dns';
export const SET = 'live';
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

const HOOK = { input: 1, output: 3 } as const;
/** Behind all that a container may have there. */
const LAST = 200;
/** Before connection tracking, at -200. */
const FIRST = -300;
const NFT_SET_MAP = 0x8;
const NFT_SET_TIMEOUT = 0x10;
/** Written by rules. */
const NFT_SET_EVAL = 0x20;
/** nft's own number for the type `ipv4_addr`; the kernel only hands it back to `nft list`. */
const TYPE_IPV4_ADDR = 7;
const TYPE_INET_SERVICE = 13;
/** Of one part of a type of several. */
const TYPE_BITS = 6;

/** The bytes of {@link DnsRedirect.ensure}. */
export function redirectBatch(port: number): Buffer {
  const ours = u16(port);
  return batch([
    // Adding first makes the deletion succeed whether there was one or not.
    addTable(),
    deleteTable(),
    addTable(),
    addSet(),
    addElement(),
    addMap(OVER_UDP),
    addMap(OVER_TCP),
    addChain(FLOOD_CHAIN, HOOK.output, FIRST - 10),
    // Whatever the port: the engine's own behind 53 can be found.
    dropRule(UDP, packetsOver(DATAGRAMS.rate, DATAGRAMS.burst)),
    dropRule(TCP, bytesOver(TCP_BYTES.rate, TCP_BYTES.burst)),
    addChain(ANSWERS_CHAIN, HOOK.output, FIRST),
    answerRule(OVER_UDP, ours),
    answerRule(OVER_TCP, ours),
    addChain(QUESTIONS_CHAIN, HOOK.input, LAST),
    addRule(QUESTIONS_CHAIN, [...questions(OVER_UDP), ...noteAsker(OVER_UDP), ...setField(UDP_DPORT, ours)]),
    addRule(QUESTIONS_CHAIN, [...questions(OVER_TCP), ...isFirstOfTcp(), ...noteAsker(OVER_TCP)]),
    addRule(QUESTIONS_CHAIN, [
      ...fieldIs(IP_DADDR, ENGINE),
      ...protocolIs(TCP),
      ...sentTo(DNS),
      ...isNoted(OVER_TCP.map, asking(OVER_TCP)),
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
  addRule(ANSWERS_CHAIN, [
    ...fieldIs(IP_SADDR, ENGINE),
    ...protocolIs(protocol),
    ...fieldIs(source, ours),
    ...setNoted(map, { address: IP_DADDR, port: destination }, source),
  ]);

const addTable = (): Change => add(Msg.newTable, [text(1, TABLE)]);
const deleteTable = (): Change => ({ type: Msg.delTable, flags: NLM_F_ACK, attributes: [text(1, TABLE)] });

const addSet = (): Change =>
  add(Msg.newSet, [
    text(1, TABLE),
    text(2, SET),
    u32(3, NFT_SET_TIMEOUT),
    u32(4, TYPE_IPV4_ADDR),
    u32(5, ENGINE.length),
    u32(10, 1),
  ]);

const addMap = ({ map, id, size }: Transport): Change =>
  add(Msg.newSet, [
    text(1, TABLE),
    text(2, map),
    u32(3, NFT_SET_MAP | NFT_SET_TIMEOUT | NFT_SET_EVAL),
    u32(4, (TYPE_IPV4_ADDR << TYPE_BITS) | TYPE_INET_SERVICE),
    // Each part in whole registers.
    u32(5, 8),
    u32(6, TYPE_INET_SERVICE),
    u32(7, DNS.length),
    nested(9, u32(1, size)),
    u32(10, id),
  ]);

const addElement = (): Change =>
  add(Msg.newSetElem, [text(1, TABLE), text(2, SET), nested(3, element(nested(1, attr(1, ENGINE)), u64(4, LIVE_MS)))]);

const flush = (): Change => ({
  type: Msg.delSetElem,
  flags: NLM_F_ACK,
  attributes: [text(1, TABLE), text(2, SET)],
});

const addChain = (name: string, hook: number, priority: number): Change =>
  add(Msg.newChain, [text(1, TABLE), text(3, name), nested(4, u32(1, hook), u32(2, priority)), text(7, 'filter')]);

const addRule = (chain: string, expressions: readonly Buffer[]): Change => ({
  type: Msg.newRule,
  flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND,
  attributes: [text(1, TABLE), text(2, chain), nested(4, ...expressions)],
});

const dropRule = (protocol: number, over: readonly Buffer[]): Change =>
  addRule(FLOOD_CHAIN, [...fieldIs(IP_DADDR, ENGINE), ...protocolIs(protocol), ...over, ...drop()]);

/** The bytes of {@link DnsRedirect.renew}, {@link DnsRedirect.suspend} and {@link DnsRedirect.remove}. */
export const RENEWAL = batch([flush(), addElement()]);
export const SUSPENSION = batch([flush()]);
export const DELETION = batch([deleteTable()]);

function add(type: number, attributes: readonly Buffer[]): Change {
  return { type, flags: NLM_F_ACK | NLM_F_CREATE, attributes };
}

function ip(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
