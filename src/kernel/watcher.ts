/** Listens to what the kernel tells by itself of one namespace: `ip monitor link address neigh`. */
import { Protocol, parseMessages, RawNetlinkSocket } from 'netlink';
import type { Notice } from '../model/damage.js';
import type { KernelLink } from './links.js';
import { NoticeReader } from './notices.js';
import { RTNLGRP } from './uapi.js';

/** One request of ours is told in several messages, the first of which tell of states that are over already. */
const GATHER_MS = 10;

export type Listener = (notices: readonly Notice[]) => void;

/** Belongs to the network namespace that the calling thread was in at its creation, and keeps that alive. */
export class Watcher {
  private readonly socket = new RawNetlinkSocket(Protocol.ROUTE, {
    messagePeeking: false,
    msgBufferSize: 32 * 1024,
    recvBufferSize: 1 << 20,
    sendBufferSize: 1 << 12,
  });
  private readonly reader = new NoticeReader();
  private readonly gathered = new Map<string, Notice>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly listener: Listener,
    groups: readonly number[] = Object.values(RTNLGRP),
  ) {
    this.socket.unref();
    this.socket.on('message', (datagram) => this.receive(datagram));
    // ENOBUFS among them: what was told meanwhile is lost.
    this.socket.on('truncatedMessage', () => this.gather('lost', { kind: 'lost' }));
    this.socket.on('error', () => this.gather('lost', { kind: 'lost' }));
    for (const group of groups) this.socket.addMembership(group);
  }

  /** The links that were there when it began. */
  learn(links: readonly KernelLink[]): void {
    this.reader.learn(links);
  }

  close(): void {
    clearTimeout(this.timer);
    this.socket.removeAllListeners();
    this.socket.close();
  }

  private receive(datagram: Buffer): void {
    for (const { type, data } of parseMessages(datagram)) {
      const told = this.reader.read(type, data);
      if (told !== undefined) this.gather(told.about, told.notice);
    }
  }

  private gather(about: string, notice: Notice): void {
    this.gathered.set(about, notice);
    this.timer ??= setTimeout(() => this.tell(), GATHER_MS).unref();
  }

  private tell(): void {
    this.timer = undefined;
    const notices = [...this.gathered.values()];
    this.gathered.clear();
    this.listener(notices);
  }
}
