/** Reads the kernel's answers out of datagrams: by sequence number, until the message that ends each. */
import { Flags, MessageType } from 'netlink/dist/constants.js';
import { getS32, type NetlinkMessage, parseMessages } from 'netlink/dist/structs.js';
import type { KernelError } from '../../errors.js';
import { errnoError } from '../system/libc.js';
import { receive } from './socket.js';

/** An answer as it is read: `end` is there once the last message has come. */
export interface Answer {
  readonly verb: string;
  readonly seq: number;
  readonly take: (payload: Buffer) => void;
  interrupted: boolean;
  end?: { readonly error: unknown };
}

/** What of an answer is wanted; nothing for what is not. What it gives must not be a view into the payload. */
export type Reader<T> = (payload: Buffer) => T | undefined;

/** All answers that lie in the socket's buffer. */
export function readAll(answers: ReadonlyMap<number, Answer>, verb: string, fd: number): void {
  const waiting = [...answers.values()];
  for (;;) {
    while (waiting.at(-1)?.end !== undefined) waiting.pop();
    const datagram = waiting.length === 0 ? undefined : receive(verb, fd);
    if (datagram === undefined) return;
    readInto((seq) => answers.get(seq), datagram);
  }
}

export function readInto(answerOf: (seq: number) => Answer | undefined, datagram: Buffer): void {
  for (const message of parseMessages(datagram)) {
    const answer = answerOf(message.seq);
    // The answer to something that was given up.
    if (answer === undefined || message.seq !== answer.seq) continue;
    if (message.flags & Flags.DUMP_INTR) answer.interrupted = true;
    if (message.type === MessageType.ERROR || message.type === MessageType.DONE)
      answer.end ??= { error: errorIn(answer.verb, message) };
    else answer.take(message.data);
  }
}

export class Collector<T> {
  readonly all: T[] = [];

  constructor(private readonly read: Reader<T>) {}

  readonly take = (payload: Buffer): void => {
    const found = this.read(payload);
    if (found !== undefined) this.all.push(found);
  };
}

/** Both ends of an exchange (ERROR, whose errno 0 is the acknowledgement, and DONE) begin with a negative errno. */
export function errorIn(verb: string, end: NetlinkMessage): KernelError | undefined {
  const errno = end.data.length < 4 ? 0 : -getS32(end.data.subarray(0, 4));
  return errno > 0 ? errnoError(verb, errno) : undefined;
}
