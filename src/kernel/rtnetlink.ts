/**
 * One rtnetlink socket: requests, dumps, errnos. It takes the `netlink` package's raw socket and not its request
 * layer, which flattens errnos into text, drops the status that ends a dump, and mixes up a dump with whatever is
 * answered in between.
 */
import { Mutex } from 'async-mutex';
import {
  Flags,
  FlagsGet,
  formatMessage,
  getS32,
  MessageType,
  type NetlinkMessage,
  Protocol,
  parseMessages,
  RawNetlinkSocket,
} from 'netlink';
import { KernelError } from '../errors.js';
import { errnoSymbol, kernelError } from './errno.js';

/** The kernel answers in microseconds; later than this, the answer has been lost. */
const TIMEOUT_MS = 2000;

/** A dump that meets a change on its way may be inconsistent, and is asked for again. */
const DUMP_TRIES = 10;

/** The largest piece that the kernel makes of a dump; netlink(7) advises the same. */
const DATAGRAM_BYTES = 32 * 1024;

interface Exchange {
  readonly seq: number;
  readonly verb: string;
  readonly parts: Buffer[];
  interrupted: boolean;
  readonly settle: (error?: KernelError) => void;
}

/** Belongs to the network namespace that the calling thread was in at its creation, and keeps that alive. */
export class Rtnetlink {
  private readonly socket = new RawNetlinkSocket(Protocol.ROUTE, {
    messagePeeking: false,
    msgBufferSize: DATAGRAM_BYTES,
    recvBufferSize: 1 << 20,
    sendBufferSize: 1 << 18,
  });
  /** A dump goes on while the socket is read: another request meanwhile would be answered in the middle of it. */
  private readonly turn = new Mutex();
  private current: Exchange | undefined;
  private seq = 0;
  private closed = false;

  constructor() {
    // The time-out of a request keeps the process alive as long as one is under way.
    this.socket.unref();
    this.socket.on('message', (datagram) => this.receive(datagram));
    this.socket.on('truncatedMessage', () => this.fail((verb) => kernelError(verb, 'EMSGSIZE')));
    this.socket.on('error', ({ errno, code }) => this.fail((verb) => new KernelError(verb, errno, code)));
  }

  /** Has it done. Rejects with the kernel's errno, or ETIMEDOUT after 2 s. */
  async request(verb: string, type: number, flags: number, payload: Buffer): Promise<void> {
    await this.turn.runExclusive(() => this.exchange(verb, type, flags, payload));
  }

  /** Asks for one object: the payload of the answer. */
  async get(verb: string, type: number, payload: Buffer): Promise<Buffer> {
    const { parts } = await this.turn.runExclusive(() => this.exchange(verb, type, 0, payload));
    if (parts[0] === undefined) throw kernelError(verb, 'ENOMSG');
    return parts[0];
  }

  /** Asks for all objects: the payloads, of one consistent moment. */
  async dump(verb: string, type: number, payload: Buffer): Promise<readonly Buffer[]> {
    return this.turn.runExclusive(async () => {
      for (let tries = 0; tries < DUMP_TRIES; tries++) {
        const { parts, interrupted } = await this.exchange(verb, type, FlagsGet.DUMP, payload);
        if (!interrupted) return parts;
      }
      throw kernelError(verb, 'EINTR');
    });
  }

  /** Rejects what is under way; the namespace may go. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.close();
    this.fail((verb) => kernelError(verb, 'ECANCELED'));
  }

  private exchange(verb: string, type: number, flags: number, payload: Buffer): Promise<Exchange> {
    if (this.closed) return Promise.reject(kernelError(verb, 'ECANCELED'));
    return new Promise((resolve, reject) => {
      // Timers come before sockets in the event loop: after a stall, look first whether the answer is there.
      const giveUp = (): void => {
        if (this.current === exchange) exchange.settle(kernelError(verb, 'ETIMEDOUT'));
      };
      const timer = setTimeout(() => setImmediate(giveUp), TIMEOUT_MS);
      const settle = (error?: KernelError): void => {
        clearTimeout(timer);
        this.current = undefined;
        if (error === undefined) resolve(exchange);
        else reject(error);
      };
      this.seq = (this.seq % 0xffffffff) + 1;
      const exchange: Exchange = { seq: this.seq, verb, parts: [], interrupted: false, settle };
      this.current = exchange;
      const header = { type, flags: flags | Flags.REQUEST | Flags.ACK, seq: this.seq, port: 0 };
      this.socket.send(Buffer.concat(formatMessage({ ...header, data: payload })), undefined, (error) => {
        if (error !== undefined && this.current === exchange) settle(new KernelError(verb, error.errno, error.code));
      });
    });
  }

  private receive(datagram: Buffer): void {
    for (const answer of parseMessages(datagram)) {
      const exchange = this.current;
      // The answer to something that has timed out.
      if (exchange === undefined || answer.seq !== exchange.seq) continue;
      if (answer.flags & Flags.DUMP_INTR) exchange.interrupted = true;
      if (answer.type !== MessageType.ERROR && answer.type !== MessageType.DONE) exchange.parts.push(answer.data);
      else exchange.settle(errorIn(exchange.verb, answer));
    }
  }

  private fail(reason: (verb: string) => KernelError): void {
    this.current?.settle(reason(this.current.verb));
  }
}

/** Both ends of an exchange (ERROR, whose errno 0 is the acknowledgement, and DONE) begin with a negative errno. */
export function errorIn(verb: string, end: NetlinkMessage): KernelError | undefined {
  const errno = end.data.length < 4 ? 0 : -getS32(end.data.subarray(0, 4));
  return errno > 0 ? new KernelError(verb, errno, errnoSymbol(errno)) : undefined;
}
