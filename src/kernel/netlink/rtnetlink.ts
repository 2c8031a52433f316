/**
 * One rtnetlink socket: requests, dumps, errnos. The kernel handles a request within send(2): when that returns, the
 * answer lies in the socket's buffer. So there is nothing to poll for, and nothing to time out.
 */
import { closeSync } from 'node:fs';
import { Mutex } from 'async-mutex';
import { Flags, FlagsGet, Protocol } from 'netlink/dist/constants.js';
import { formatMessage } from 'netlink/dist/structs.js';
import { kernelError } from '../system/errno.js';
import { withNamespaceOf } from '../system/netns.js';
import { type Answer, Collector, type Reader, readAll, readInto } from './answer.js';
import { beStrict, openNetlink, receivePiece, send } from './socket.js';

/**
 * A dump that meets a change on its way may be inconsistent, and is asked for again. Somebody may make changes without
 * end: one that took longer than this is the last, ms.
 */
const DUMP_MS = 2000;

/** Something to be done, for {@link Rtnetlink.all}. */
export interface Request {
  /** For errors, as people type it. */
  readonly verb: string;
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/** As many requests go out with one send: all their answers have to lie in the socket's buffer, some 1 KB each. */
export const MOST_AT_ONCE = 64;

/** Belongs to the network namespace that the calling thread was in at its creation, and keeps that alive. */
export class Rtnetlink {
  private fd: number;
  /** A dump goes on while the socket is read: another request meanwhile would be answered in the middle of it. */
  private readonly turn = new Mutex();
  private seq = 0;
  private closed = false;

  /** Generic netlink is spoken in the same way. */
  constructor(private readonly protocol: Protocol.ROUTE | Protocol.GENERIC = Protocol.ROUTE) {
    this.fd = open(protocol);
  }

  /** Has it done. Rejects with the kernel's errno. */
  async request(verb: string, type: number, flags: number, payload: Buffer): Promise<void> {
    await this.exchange(verb, type, flags, payload, () => {});
  }

  /**
   * Has up to {@link MOST_AT_ONCE} things done in their order with one send, each whatever became of those before it.
   * Gives each one's error in that order, undefined for success.
   */
  all(requests: readonly Request[]): Promise<readonly unknown[]> {
    return this.turn.runExclusive(async () => {
      const answers = new Map<number, Answer>();
      const parts: Uint8Array[] = [];
      for (const { verb, type, flags, payload } of requests) {
        if (this.closed) throw kernelError(verb, 'ECANCELED');
        const answer: Answer = { verb, seq: this.next(), take: () => {}, interrupted: false };
        answers.set(answer.seq, answer);
        const bytes = Buffer.concat(this.format(answer, type, flags, payload));
        // The next message begins at a multiple of four.
        parts.push(bytes, Buffer.alloc(-bytes.length & 3));
      }
      const [first] = requests;
      if (first === undefined) return [];
      await send(first.verb, this.fd, Buffer.concat(parts), () => readAll(answers, first.verb, this.fd));
      return [...answers.values()].map((answer) =>
        answer.end ? answer.end.error : kernelError(answer.verb, 'EPROTO'),
      );
    });
  }

  /** Asks for one object. What `read` gives must not be a view into the payload. */
  async get<T>(verb: string, type: number, payload: Buffer, read: Reader<T>): Promise<T> {
    const found = new Collector(read);
    await this.exchange(verb, type, 0, payload, found.take);
    const [first] = found.all;
    if (first === undefined) throw kernelError(verb, 'ENOMSG');
    return first;
  }

  /**
   * Asks for all objects, of one consistent moment; those that `read` does not give are left out. Rejects with EINTR
   * when they changed for two seconds without a pause.
   */
  async dump<T>(verb: string, type: number, payload: Buffer, read: Reader<T>): Promise<readonly T[]> {
    const began = performance.now();
    for (;;) {
      const found = new Collector(read);
      const { interrupted } = await this.exchange(verb, type, FlagsGet.DUMP, payload, found.take);
      if (!interrupted) return found.all;
      if (performance.now() - began > DUMP_MS) throw kernelError(verb, 'EINTR');
    }
  }

  /** Rejects what waits for its turn; the namespace may go. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    // Not under a pool thread: the number would be somebody else's the next moment.
    if (this.turn.isLocked()) void this.turn.runExclusive(() => closeSync(this.fd));
    else closeSync(this.fd);
  }

  private exchange(verb: string, type: number, flags: number, payload: Buffer, take: Answer['take']): Promise<Answer> {
    return this.turn.runExclusive(async () => {
      if (this.closed) throw kernelError(verb, 'ECANCELED');
      const answer: Answer = { verb, seq: this.next(), take, interrupted: false };
      const bytes = Buffer.concat(this.format(answer, type, flags, payload));
      if (flags & FlagsGet.DUMP) await this.ask(answer, bytes);
      else await send(verb, this.fd, bytes, () => readAll(new Map([[answer.seq, answer]]), verb, this.fd));
      // No answer at all: this kernel handles it in another way than is said above.
      if (answer.end === undefined) throw kernelError(verb, 'EPROTO');
      if (answer.end.error !== undefined) throw answer.end.error;
      return answer;
    });
  }

  private next(): number {
    this.seq = (this.seq % 0xffffffff) + 1;
    return this.seq;
  }

  private format({ seq }: Answer, type: number, flags: number, payload: Buffer): readonly Uint8Array[] {
    return formatMessage({ type, flags: flags | Flags.REQUEST | Flags.ACK, seq, port: 0, data: payload });
  }

  /** Reads a dump to its end whatever is wrong with it: on a socket with one half read there is no other, ever. */
  private async ask(answer: Answer, bytes: Buffer): Promise<void> {
    const { verb } = answer;
    await send(verb, this.fd, bytes, () => {});
    try {
      let more: true | undefined = true;
      while (answer.end === undefined && more)
        more = await receivePiece(verb, this.fd, (datagram) => {
          readInto(() => answer, datagram);
          return true;
        });
      if (answer.end === undefined) throw kernelError(verb, 'EPROTO');
    } catch (e) {
      this.renew();
      throw e;
    }
  }

  private renew(): void {
    const old = this.fd;
    this.fd = withNamespaceOf(old, () => open(this.protocol));
    closeSync(old);
  }
}

function open(protocol: Protocol): number {
  const fd = openNetlink(protocol);
  beStrict(fd);
  return fd;
}
