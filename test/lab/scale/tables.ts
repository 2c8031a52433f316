/**
 * Listens to a network's namespace for entries in its tables, by polling. Not kernel/networks/watcher.ts: that is told by SIGIO,
 * which the library that runs the lab's commands takes for its process's end, and ends them.
 */
import { closeSync } from 'node:fs';
import { Protocol } from 'netlink/dist/constants.js';
import { parseMessages } from 'netlink/dist/structs.js';
import { listLinks } from '../../../src/kernel/links/links.js';
import { Rtnetlink } from '../../../src/kernel/netlink/rtnetlink.js';
import { attachFilter, holdUpTo, joinGroup, openNetlink, receive } from '../../../src/kernel/netlink/socket.js';
import { namespaceFilter } from '../../../src/kernel/netlink/socket-filter.js';
import { RTNLGRP } from '../../../src/kernel/netlink/uapi.js';
import { NoticeReader } from '../../../src/kernel/networks/notices.js';
import { withNamespace } from '../../../src/kernel/system/netns.js';

const EVERY_MS = 3;
const NEWS_BYTES = 4 << 20;

export class Tables {
  /** When an entry came that is there now, by performance.now(): of a MAC in the FDB, of an IP among the neighbours. */
  readonly fdb = new Map<string, number>();
  readonly neighbours = new Map<string, number>();
  private readonly reader = new NoticeReader();
  private readonly timer = setInterval(() => this.read(), EVERY_MS);

  private constructor(private readonly fd: number) {}

  /** `path`: of the namespace. */
  static async of(path: string): Promise<Tables> {
    const { socket, fd } = withNamespace(path, () => ({ socket: new Rtnetlink(), fd: openNetlink(Protocol.ROUTE) }));
    const links = await listLinks(socket);
    socket.close();
    const tables = new Tables(fd);
    tables.reader.learn(links);
    attachFilter(fd, namespaceFilter(tables.reader.vxlans()));
    holdUpTo(fd, NEWS_BYTES);
    joinGroup(fd, RTNLGRP.NEIGH);
    return tables;
  }

  close(): void {
    clearInterval(this.timer);
    closeSync(this.fd);
  }

  private read(): void {
    const now = performance.now();
    for (let datagram = this.next(); datagram !== undefined; datagram = this.next())
      for (const { type, data } of parseMessages(datagram)) {
        const notice = this.reader.read(type, data)?.notice;
        if (notice?.kind === 'fdb') set(this.fdb, notice.mac, notice.gone ? undefined : now);
        if (notice?.kind === 'neighbour') set(this.neighbours, notice.ip, notice.mac && now);
      }
  }

  private next(): Buffer | undefined {
    return receive('ip monitor neigh', this.fd);
  }
}

function set(times: Map<string, number>, key: string, at: number | undefined): void {
  if (at === undefined) times.delete(key);
  else if (!times.has(key)) times.set(key, at);
}
