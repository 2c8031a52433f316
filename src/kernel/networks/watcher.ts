/** Listens to what the kernel tells by itself of one namespace: `ip monitor link address neigh`. */
import { closeSync } from 'node:fs';
import { Protocol } from 'netlink/dist/constants.js';
import { parseMessages } from 'netlink/dist/structs.js';
import type { Notice } from '../../model/diff/drift.js';
import type { KernelLink } from '../links/links.js';
import { attend, ignore } from '../netlink/readiness.js';
import { attachFilter, discard, holdUpTo, joinGroup, openNetlink, receive } from '../netlink/socket.js';
import { namespaceFilter } from '../netlink/socket-filter.js';
import { RTNLGRP } from '../netlink/uapi.js';
import { NoticeReader } from './notices.js';

/** Enough for the end of a namespace of some thousand endpoints, bytes. */
const NEWS_BYTES = 4 << 20;
/** Datagrams that are read at once, of one namespace; further ones wait for their turn. */
const AT_ONCE = 64;
/** Datagrams that are thrown away at once. */
const DISCARD_AT_ONCE = 1024;

export type Listener = (notices: readonly Notice[]) => void;

export interface WatcherOptions {
  readonly groups?: readonly number[];
  /** What the kernel tells of, see {@link namespaceFilter}; it follows the VXLAN devices when it is left out. */
  readonly filter?: Buffer;
  /** How much news may wait, bytes. */
  readonly newsBytes?: number;
}

/** Belongs to the network namespace that the calling thread was in at its creation, and keeps that alive. */
export class Watcher {
  private readonly fd: number;
  private readonly reader = new NoticeReader();
  /** News were lost, and until all that waits is gone the kernel adds none. */
  private isLost = false;
  private vxlans = '';

  constructor(
    private readonly listener: Listener,
    private readonly options: WatcherOptions = {},
  ) {
    this.fd = openNetlink(Protocol.ROUTE);
    // The filter before the groups: nothing gets by.
    attachFilter(this.fd, options.filter ?? namespaceFilter([]));
    holdUpTo(this.fd, options.newsBytes ?? NEWS_BYTES);
    for (const group of options.groups ?? Object.values(RTNLGRP)) joinGroup(this.fd, group);
    attend(this.fd, () => this.read());
  }

  /** The links that were there when it began. */
  learn(links: readonly KernelLink[]): void {
    this.reader.learn(links);
    this.follow();
  }

  close(): void {
    ignore(this.fd);
    closeSync(this.fd);
  }

  private read(): void {
    const gathered = new Map<string, Notice>();
    try {
      for (let n = 0; n < AT_ONCE && !this.isLost; n++) {
        const datagram = receive('ip monitor', this.fd);
        if (datagram === undefined) break;
        for (const { type, data } of parseMessages(datagram)) {
          const told = this.reader.read(type, data);
          if (told !== undefined) gathered.set(told.about, told.notice);
        }
      }
    } catch {
      // ENOBUFS, or a message that nobody understands: what was told is not known.
      this.isLost = true;
    }
    // A look before the kernel tells again would miss what happens in between.
    if (this.isLost && this.isDrained()) {
      this.isLost = false;
      gathered.set('lost', { kind: 'lost' });
    }
    this.follow();
    if (gathered.size > 0) this.listener([...gathered.values()]);
  }

  private isDrained(): boolean {
    for (let n = 0; n < DISCARD_AT_ONCE; n++) if (!discard(this.fd)) return true;
    return false;
  }

  /** A VXLAN device that was made anew has another index. */
  private follow(): void {
    const vxlans = this.reader.vxlans();
    if (this.options.filter !== undefined || vxlans.join() === this.vxlans) return;
    this.vxlans = vxlans.join();
    attachFilter(this.fd, namespaceFilter(vxlans));
  }
}
