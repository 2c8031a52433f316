/**
 * Answers probes of the other hosts. Who is no node of the cluster gets no answer, whatever he says his address is, for
 * there is no way to him. What is kept of others is bounded, and the fence of the namespace bounds what comes.
 */

import { namespaceInode } from '../kernel/system/namespace-file.js';
import { ProbeSocket, type Received } from '../kernel/system/probe-socket.js';
import type { NodeAddress } from '../model/values/types.js';
import { type Ask, ECHO_PORT, formatAnswer, readAsk } from './message.js';

/** What makes ways back; see reconcile/host-parts/probe-ways.ts. */
export interface Ways {
  open(peers: readonly NodeAddress[]): Promise<void>;
  knows(address: string): address is NodeAddress;
}

/** Sessions of which is known how many asks have come: one of each host that probes, and many more. */
const MOST_SESSIONS = 1_024;
/** A way stays a minute; it is asked for anew in time, and until then nobody waits for that, ms. */
const [RENEW_MS, SURE_MS] = [20_000, 50_000];
/** Asks of one host that wait until there is a way back. */
const MOST_WAITING = 64;
/** Hosts whose ways are known to be there: more than a cluster has. */
const MOST_HOSTS = 4_096;

interface Listening {
  readonly inode: number | undefined;
  readonly address: NodeAddress;
  readonly socket: ProbeSocket;
}

export class Echo {
  private listening: Listening | undefined;
  /** How many asks have come, by host and session; the one that came last is last. */
  private readonly arrived = new Map<string, number>();
  /** When the way to a host was asked for last. */
  private readonly asked = new Map<NodeAddress, number>();
  private readonly waiting = new Map<NodeAddress, Received[]>();
  /** When an ask of a host came last. */
  private readonly heard = new Map<NodeAddress, number>();

  constructor(private readonly ways: Ways) {}

  /** From now on in the namespace that is at this path now. Throws a KernelError. */
  listen(namespace: string, address: NodeAddress): void {
    const inode = namespaceInode(namespace);
    if (this.listening?.inode === inode && this.listening?.address === address) return;
    this.stop();
    const socket = new ProbeSocket(namespace, { address, port: ECHO_PORT }, (datagram) => this.onDatagram(datagram));
    this.listening = { inode, address, socket };
  }

  stop(): void {
    this.listening?.socket.close();
    this.listening = undefined;
    this.asked.clear();
  }

  /** Whether an ask of that host has come since a moment of `performance.now`. */
  hasHeard(peer: NodeAddress, since: number): boolean {
    return (this.heard.get(peer) ?? Number.NEGATIVE_INFINITY) >= since;
  }

  private onDatagram(datagram: Received): void {
    const ask = readAsk(datagram.bytes);
    const { address } = datagram.from;
    if (ask === undefined || !this.ways.knows(address)) return;
    const now = performance.now();
    if (this.heard.size >= MOST_HOSTS) this.heard.clear();
    this.heard.set(address, now);
    const since = now - (this.asked.get(address) ?? Number.NEGATIVE_INFINITY);
    if (since >= SURE_MS) {
      this.hold(address, datagram);
      return;
    }
    if (since >= RENEW_MS) this.renew(address);
    this.answer(ask, datagram);
  }

  private renew(peer: NodeAddress): void {
    this.asked.set(peer, performance.now());
    this.ways.open([peer]).catch(() => this.asked.delete(peer));
  }

  /** Answered once there is a way back. */
  private hold(peer: NodeAddress, datagram: Received): void {
    const others = this.waiting.get(peer);
    if (others !== undefined) {
      if (others.length < MOST_WAITING) others.push(datagram);
      return;
    }
    this.waiting.set(peer, [datagram]);
    this.ways.open([peer]).then(
      () => {
        if (this.asked.size >= MOST_HOSTS) this.asked.clear();
        this.asked.set(peer, performance.now());
        for (const held of this.take(peer)) this.onDatagram(held);
      },
      // It is told elsewhere what keeps this host from making a way; who asks hears nothing.
      () => this.take(peer),
    );
  }

  private take(peer: NodeAddress): readonly Received[] {
    const held = this.waiting.get(peer) ?? [];
    this.waiting.delete(peer);
    return held;
  }

  private answer(ask: Ask, { from }: Received): void {
    const key = `${from.address} ${ask.session}`;
    const arrived = (this.arrived.get(key) ?? 0) + 1;
    this.arrived.delete(key);
    this.arrived.set(key, arrived);
    const [oldest] = this.arrived.keys();
    if (this.arrived.size > MOST_SESSIONS && oldest !== undefined) this.arrived.delete(oldest);
    const manner = { whole: ask.answerWhole, checksum: ask.answerChecksum };
    this.listening?.socket.send(formatAnswer(ask, arrived), from, manner);
  }
}
