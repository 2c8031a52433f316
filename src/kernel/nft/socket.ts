/**
 * NETLINK_NETFILTER inside a namespace. The kernel handles a request within send(2) itself: when that returns, the
 * batch is done and all answers lie in the socket's buffer. So nothing is waited for and nothing needs a time-out.
 * An open socket keeps its namespace alive.
 */
import { close } from 'node:fs';
import { constants } from 'node:os';
import { AF, check, errnoError, lastErrno, MSG_DONTWAIT, recv, SOCK, send, socket } from '../system/libc.js';
import { withNamespace } from '../system/netns.js';
import { netfilterType } from './message.js';

const NETLINK_NETFILTER = 12;
const NLMSG_ERROR = 2;

/** A descriptor of a NETLINK_NETFILTER socket that acts in `namespace`; end it with {@link closeNetfilter}. */
export const openNetfilter = (namespace: string): number => withNamespace(namespace, openOwnNetfilter);

/**
 * The same for the namespace that the caller is in. Needs no /proc, which is of other processes where an operator has
 * entered the managed plugin's mounts.
 */
export const openOwnNetfilter = (): number =>
  check('socket NETLINK_NETFILTER', socket(AF.netlink, SOCK.raw | SOCK.cloexec, NETLINK_NETFILTER));

/**
 * Not with closeSync: the kernel makes the closer wait until what was deleted before has been freed, some 10 ms
 * (`nft_rcv_nl_event`). A pool thread waits instead.
 */
export function closeNetfilter(fd: number): void {
  close(fd, () => {});
}

/** Sends one batch (`batch()` of nft-message) and throws the KernelError of the first change that was refused. */
export function transact(fd: number, verb: string, bytes: Buffer): void {
  check(verb, Number(send(fd, bytes, bytes.length, 0)));
  conclude(verb, fd);
}

/** What is being sent by pool threads must stay: nothing else holds on to it. */
const sending = new Set<object>();

/**
 * The same, but a pool thread waits: a container with CAP_NET_ADMIN holds the lock of its namespace's rules for as
 * long as one batch of its own takes, seconds. One call at a time for each descriptor.
 */
export async function transactAside(fd: number, verb: string, bytes: Buffer): Promise<void> {
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
  const answers = errnos(verb, fd);
  // No answer at all: this kernel handles it in another way than the invariant above says.
  const errno = answers.length === 0 ? constants.errno.EPROTO : answers.find((e) => e !== 0);
  if (errno !== undefined) throw errnoError(verb, errno);
}

/**
 * Sends a question (`question()` or `dump()` of nft-message) and gives the attributes of all answers of `type`, as bytes.
 * What is not there has none. Throws a KernelError, EPERM for who is not root.
 */
export function ask(fd: number, verb: string, bytes: Buffer, type: number): readonly Buffer[] {
  return askSome(fd, verb, bytes, type, Number.POSITIVE_INFINITY) ?? [];
}

/** The same for what may be without end: undefined when it takes more than so many datagrams, of 16 KB at most. */
export function askSome(
  fd: number,
  verb: string,
  bytes: Buffer,
  type: number,
  most: number,
): readonly Buffer[] | undefined {
  check(verb, Number(send(fd, bytes, bytes.length, 0)));
  const answers = datagrams(verb, fd, most);
  if (answers.length > most) return undefined;
  const errno = answers.flatMap(errnosIn).find((e) => e !== 0 && e !== constants.errno.ENOENT);
  if (errno !== undefined) throw errnoError(verb, errno);
  return answers.flatMap((datagram) =>
    [...messagesIn(datagram)]
      .filter((m) => m.type === netfilterType(type))
      .map((m) => datagram.subarray(m.at + 20, m.at + m.length)),
  );
}

/** The errno of every answer in the socket's buffer, in order; 0 is an acknowledgement. */
const errnos = (verb: string, fd: number): number[] => datagrams(verb, fd).flatMap(errnosIn);

/** All that lies in the socket's buffer, or one more than `most`. */
export function datagrams(verb: string, fd: number, most = Number.POSITIVE_INFINITY): Buffer[] {
  const found: Buffer[] = [];
  while (found.length <= most) {
    const buffer = Buffer.alloc(16 * 1024);
    const length = Number(recv(fd, buffer, buffer.length, MSG_DONTWAIT));
    if (length < 0 && lastErrno() === constants.errno.EAGAIN) return found;
    check(verb, length);
    found.push(buffer.subarray(0, length));
  }
  return found;
}

/** The errnos of the NLMSG_ERROR messages in one datagram. */
export const errnosIn = (datagram: Buffer): number[] =>
  [...messagesIn(datagram)].flatMap(({ type, at }) =>
    type === NLMSG_ERROR && at + 20 <= datagram.length ? [Math.abs(datagram.readInt32LE(at + 16))] : [],
  );

/** Where each message of a datagram begins, its type, and its length with headers. */
function* messagesIn(
  datagram: Buffer,
): Generator<{ readonly type: number; readonly at: number; readonly length: number }> {
  for (let at = 0; at + 16 <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < 16) return;
    yield { type: datagram.readUInt16LE(at + 4), at, length };
    at += (length + 3) & ~3;
  }
}
