/**
 * Tells other hosts what doctor finds on this one: whoever connects to it through the probe network gets one JSON value, and
 * the connection ends. Only who has a way gets there, which only nodes have. An admitted host that asks without end gets
 * the same answer again: finding out anew is done once in a while, for all who ask.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { namespaceInode } from '../kernel/system/namespace-file.js';
import { tcpListenerIn } from '../kernel/system/sockets.js';
import type { NodeAddress } from '../model/values/types.js';
import { ECHO_PORT } from './message.js';

const MOST_ASKERS = 64;
/** How long an answer is good, and how long an asker may take to read it, ms. */
const FRESH_MS = 20_000;
const READ_MS = 10_000;

export class Bulletin {
  private listening:
    | { readonly inode: number | undefined; readonly address: NodeAddress; readonly server: Server }
    | undefined;
  private last: { readonly at: number; readonly text: Promise<string> } | undefined;

  constructor(
    /** JSON; rejects when this host cannot look at itself. */
    private readonly look: () => Promise<string>,
    private readonly knows: (address: string) => boolean,
  ) {}

  /** From now on in the namespace that is at this path now. Throws a KernelError. */
  listen(namespace: string, address: NodeAddress): void {
    const inode = namespaceInode(namespace);
    if (this.listening?.inode === inode && this.listening?.address === address) return;
    this.stop();
    const server = createServer((asker) => this.tell(asker));
    server.maxConnections = MOST_ASKERS;
    server.on('error', () => {});
    server.listen({ fd: tcpListenerIn(namespace, { address, port: ECHO_PORT }) });
    this.listening = { inode, address, server };
  }

  stop(): void {
    this.listening?.server.close();
    this.listening = undefined;
  }

  private tell(asker: Socket): void {
    asker.on('error', () => {}).setTimeout(READ_MS, () => asker.destroy());
    asker.unref();
    // What he says is of no interest, and is not kept.
    asker.resume();
    if (!this.knows(asker.remoteAddress ?? '')) {
      asker.destroy();
      return;
    }
    this.current().then(
      (text) => asker.end(text),
      () => asker.destroy(),
    );
  }

  private current(): Promise<string> {
    const now = performance.now();
    if (this.last === undefined || now - this.last.at > FRESH_MS) {
      const text = this.look();
      this.last = { at: now, text };
      text.catch(() => {
        this.last = undefined;
      });
    }
    return this.last.text;
  }
}
