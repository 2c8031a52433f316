/** Changes of one namespace's rules, one after the other. */
import { constants } from 'node:os';
import { kernelError } from '../system/errno.js';
import { errnoError, lastErrno, send } from '../system/libc.js';
import { withNamespace } from '../system/netns.js';
import { inLine, type Rank } from './lines.js';
import { closeNetfilter, datagrams, errnosIn, openOwnNetfilter } from './socket.js';

/** What is being sent by pool threads must stay: nothing else holds on to it. */
const sending = new Set<object>();

/**
 * In the network namespace that the calling thread is in when this is made. It has a socket of its own: a question asked
 * meanwhile on the same one would read the change's answers.
 */
export class Changes {
  private readonly fd = openOwnNetfilter();
  private last: Promise<unknown> = Promise.resolve();
  private ended = false;

  constructor(private readonly rank: Rank = 'ours') {}

  /**
   * Has one batch (`batch()` of message.ts) done; a pool thread waits. Rejects with the KernelError of the first change
   * that was refused; nothing is done then.
   */
  make(verb: string, bytes: Buffer): Promise<void> {
    if (this.ended) return Promise.reject(kernelError(verb, 'ECANCELED'));
    const done = this.last.then(() => inLine(this.rank, () => transact(this.fd, verb, bytes)));
    this.last = done.catch(() => {});
    return done;
  }

  /** Once all is done that was asked for; its number would be somebody else's under a pool thread. */
  close(): void {
    this.ended = true;
    void this.last.then(() => closeNetfilter(this.fd));
  }
}

export const changesIn = (namespace: string, rank?: Rank): Changes => withNamespace(namespace, () => new Changes(rank));

/** The only one in a namespace. As {@link Changes.make}. */
export async function changeOnce(namespace: string, verb: string, bytes: Buffer): Promise<void> {
  const changes = changesIn(namespace);
  try {
    await changes.make(verb, bytes);
  } finally {
    changes.close();
  }
}

async function transact(fd: number, verb: string, bytes: Buffer): Promise<void> {
  const held = { bytes };
  sending.add(held);
  const errno = await new Promise<number>((resolve) =>
    send.async(fd, bytes, bytes.length, 0, (_: unknown, sent: number) => resolve(Number(sent) < 0 ? lastErrno() : 0)),
  );
  sending.delete(held);
  if (errno !== 0) throw errnoError(verb, errno);
  conclude(verb, fd);
}

function conclude(verb: string, fd: number): void {
  const answers = datagrams(verb, fd).flatMap(errnosIn);
  // No answer at all: this kernel handles it in another way than socket.ts says.
  const errno = answers.length === 0 ? constants.errno.EPROTO : answers.find((e) => e !== 0);
  if (errno !== undefined) throw errnoError(verb, errno);
}
