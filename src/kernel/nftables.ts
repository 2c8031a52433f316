/**
 * The redirect of a container's DNS queries from the engine's resolver to ours, as nft table `ip tsoverlay-dns` of
 * the container's namespace. It works only while the set `live` holds the engine's address, which times out unless
 * renewed: when we die, the engine's resolver answers again by itself.
 *
 * TCP is redirected by DNAT, before the engine's own at -100: a connection stays with whom it began.
 * UDP must not stay. Conntrack would bind a long-lived client socket (nginx, HAProxy and c-ares keep one open) to our
 * port for as long as it keeps asking, also when we are dead or have another port. So each datagram is rewritten by
 * itself before conntrack (-200) sees it, by what `live` says at that moment, and each answer is rewritten back.
 *
 * Before both, whoever answers is kept from being flooded: at half a CPU a container sends 100,000 datagrams a second,
 * and the engine's resolver, which has no bound of its own, then makes `docker run` eight times as slow.
 */
import { constants } from 'node:os';
import { Semaphore } from 'async-mutex';
import { isKernelError, KernelError } from '../errors.js';
import {
  bytesOver,
  dnatTo,
  drop,
  fieldIn,
  fieldIs,
  fieldIsNot,
  IP_DADDR,
  IP_SADDR,
  notrack,
  packetsOver,
  protocolIs,
  setField,
  TCP_DPORT,
  UDP_DPORT,
  UDP_SPORT,
} from './nft-expression.js';
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
} from './nft-message.js';
import { closeNetfilter, openNetfilter, transactAside } from './nft-socket.js';

/** Where every resolv.conf that the engine writes points to, port 53. */
export const ENGINE_ADDRESS = '127.0.0.11';
/** Where we listen, and what our own questions to the engine's resolver come from. */
export const OUR_ADDRESS = '127.0.0.12';
/** How long the redirect outlives the last renewal, milliseconds; long enough to miss two renewals. */
export const LIVE_MS = 4000;

const TABLE = 'tsoverlay-dns';
const SET = 'live';
const FLOOD_CHAIN = 'dns-flood';
// Plain `udp` would be a keyword: a saved listing could not be loaded again.
const UDP_CHAIN = 'dns-udp';
const TCP_CHAIN = 'dns-tcp';
const ENGINE = ip(ENGINE_ADDRESS);
const OURS = ip(OUR_ADDRESS);
const DNS = u16(53);
const TCP = 6;
const UDP = 17;

/** Per second, and at once; a question that we pass on to the engine counts twice. TCP has many of them in a packet. */
const DATAGRAMS = { rate: 1000, burst: 3000 };
const TCP_BYTES = { rate: 96 * 1024, burst: 1024 * 1024 };

const NF_INET_LOCAL_OUT = 3;
const NFT_SET_TIMEOUT = 0x10;
/** nft's own number for the type `ipv4_addr`; the kernel only hands it back to `nft list`. */
const TYPE_IPV4_ADDR = 7;

/**
 * As many pool threads wait for containers' namespaces at once, of four. In which more is going on than this, ms, that
 * one is given up: its container keeps its rules busy, and others wait for the thread.
 */
const lines = new Semaphore(2);
const TOO_LONG_MS = 1000;

/**
 * The redirect in one namespace. It keeps a descriptor, and with it the namespace, until closed. What is asked of it
 * is done one after the other. All reject with a KernelError, EBUSY when it took too long.
 */
export class Redirect {
  private readonly fd: number;
  private last: Promise<unknown> = Promise.resolve();

  /** Throws a KernelError, ENOENT when there is no such namespace. */
  constructor(namespace: string) {
    this.fd = openNetfilter(namespace);
  }

  /**
   * `nft -f`: replaces the whole table by a live redirect to 127.0.0.12:`port` (udp, tcp), in one atomic step; queries
   * see either the old redirect or the new one. EOPNOTSUPP when the kernel has no nf_tables.
   */
  ensure(port: number): Promise<void> {
    return this.transact(`nft add table ip ${TABLE}`, redirectBatch(port));
  }

  /**
   * `nft 'flush set ip tsoverlay-dns live; add element …'`: another LIVE_MS from now, without a gap, also after it had
   * run out. (Adding anew what is there refreshes a timeout only from Linux 6.12 on.) ENOENT when somebody has removed
   * the table.
   */
  renew(): Promise<void> {
    return this.transact(`nft add element ip ${TABLE} ${SET}`, RENEWAL);
  }

  /** `nft flush set`: new queries go to the engine's resolver, answers of ours still find their way. */
  suspend(): Promise<void> {
    return goneIsFine(this.transact(`nft flush set ip ${TABLE} ${SET}`, batch([flush()])));
  }

  /** `nft delete table`; gone is success. */
  remove(): Promise<void> {
    return goneIsFine(this.transact(`nft delete table ip ${TABLE}`, batch([deleteTable()])));
  }

  /** Lets the namespace go once all is done that was asked for; the table stays as it is. */
  close(): void {
    void this.last.then(() => closeNetfilter(this.fd));
  }

  private transact(verb: string, bytes: Buffer): Promise<void> {
    const done = this.last.then(() => lines.runExclusive(() => this.now(verb, bytes)));
    this.last = done.catch(() => {});
    return done;
  }

  private async now(verb: string, bytes: Buffer): Promise<void> {
    const began = performance.now();
    await transactAside(this.fd, verb, bytes);
    if (performance.now() - began > TOO_LONG_MS) throw new KernelError(verb, constants.errno.EBUSY, 'EBUSY');
  }
}

/** The bytes of {@link Redirect.ensure}. */
export function redirectBatch(port: number): Buffer {
  const ours = u16(port);
  const asked = [...fieldIsNot(IP_SADDR, OURS), ...fieldIn(IP_DADDR, SET)];
  return batch([
    // Adding first makes the deletion succeed whether there was one or not.
    addTable(),
    deleteTable(),
    addTable(),
    addSet(),
    addElement(),
    addChain(FLOOD_CHAIN, 'filter', -310),
    // Whatever the port: the engine's own behind 53 can be found.
    dropRule(UDP, packetsOver(DATAGRAMS.rate, DATAGRAMS.burst)),
    dropRule(TCP, bytesOver(TCP_BYTES.rate, TCP_BYTES.burst)),
    addChain(UDP_CHAIN, 'filter', -300),
    addRule(UDP_CHAIN, [
      ...asked,
      ...protocolIs(UDP),
      ...fieldIs(UDP_DPORT, DNS),
      ...notrack(),
      ...setField(IP_DADDR, OURS),
      ...setField(UDP_DPORT, ours),
    ]),
    addRule(UDP_CHAIN, [
      ...fieldIs(IP_SADDR, OURS),
      ...protocolIs(UDP),
      ...fieldIs(UDP_SPORT, ours),
      ...notrack(),
      ...setField(IP_SADDR, ENGINE),
      ...setField(UDP_SPORT, DNS),
    ]),
    addChain(TCP_CHAIN, 'nat', -110),
    addRule(TCP_CHAIN, [...asked, ...protocolIs(TCP), ...fieldIs(TCP_DPORT, DNS), ...dnatTo(OURS, ours)]),
  ]);
}

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

const addElement = (): Change =>
  add(Msg.newSetElem, [text(1, TABLE), text(2, SET), nested(3, element(nested(1, attr(1, ENGINE)), u64(4, LIVE_MS)))]);

const flush = (): Change => ({
  type: Msg.delSetElem,
  flags: NLM_F_ACK,
  attributes: [text(1, TABLE), text(2, SET)],
});

const addChain = (name: string, type: 'filter' | 'nat', priority: number): Change =>
  add(Msg.newChain, [
    text(1, TABLE),
    text(3, name),
    nested(4, u32(1, NF_INET_LOCAL_OUT), u32(2, priority)),
    text(7, type),
  ]);

const addRule = (chain: string, expressions: readonly Buffer[]): Change => ({
  type: Msg.newRule,
  flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND,
  attributes: [text(1, TABLE), text(2, chain), nested(4, ...expressions)],
});

const dropRule = (protocol: number, over: readonly Buffer[]): Change =>
  addRule(FLOOD_CHAIN, [...fieldIs(IP_DADDR, ENGINE), ...protocolIs(protocol), ...over, ...drop()]);

const RENEWAL = batch([flush(), addElement()]);

function add(type: number, attributes: readonly Buffer[]): Change {
  return { type, flags: NLM_F_ACK | NLM_F_CREATE, attributes };
}

async function goneIsFine(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (e) {
    if (!isKernelError(e, 'ENOENT')) throw e;
  }
}

function ip(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
