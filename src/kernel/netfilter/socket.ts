/**
 * NETLINK_NETFILTER inside a namespace, and questions to it. The kernel handles a request within send(2) itself: when that
 * returns, all answers lie in the socket's buffer. So nothing is waited for and nothing needs a time-out. Questions are
 * answered without a lock of the rules (RCU), whoever holds those; changes are not, see changes.ts.
 * An open socket keeps its namespace alive.
 */
import { close } from 'node:fs';
import { constants } from 'node:os';
import { openNetlink } from '../netlink/socket.js';
import { netfilterType } from '../nft/message.js';
import { check, errnoError, lastErrno, MSG_DONTWAIT, recv, send } from '../system/libc.js';
import { withNamespace } from '../system/netns.js';
import { inLine } from './lines.js';

const NETLINK_NETFILTER = 12;
const NLMSG_ERROR = 2;

/** A descriptor of a NETLINK_NETFILTER socket that acts in `namespace`; end it with {@link closeNetfilter}. */
export const openNetfilter = (namespace: string): number => withNamespace(namespace, openOwnNetfilter);

/**
 * The same for the namespace that the caller is in. Needs no /proc, which is of other processes where an operator has
 * entered the managed plugin's mounts.
 */
export const openOwnNetfilter = (): number => openNetlink(NETLINK_NETFILTER);

/**
 * Not with closeSync: the kernel makes the closer wait for the lock of the namespace's rules, and until what was deleted
 * before has been freed, some 10 ms (`nft_rcv_nl_event`). A pool thread waits instead.
 */
export function closeNetfilter(fd: number): void {
  void inLine('closing', () => new Promise<void>((resolve) => close(fd, () => resolve())));
}

/**
 * Sends a question (`question()` or `dump()` of nft/message.ts) and gives the attributes of all answers of `type`, as bytes.
 * What is not there has none. Throws a KernelError, EPERM for who is not root.
 */
export function ask(fd: number, verb: string, bytes: Buffer, type: number): readonly Buffer[] {
  return askSome(fd, verb, bytes, type, Number.POSITIVE_INFINITY) ?? [];
}

/** How many datagrams of answers may yet be read, of 16 KB at most. */
export interface Allowance {
  left: number;
}

/** The same for what may be without end: undefined when it takes more than so many datagrams. */
export const askSome = (
  fd: number,
  verb: string,
  bytes: Buffer,
  type: number,
  most: number,
): readonly Buffer[] | undefined => askWithin(fd, verb, bytes, type, { left: most });

/** The same for several questions that share an allowance. */
export function askWithin(
  fd: number,
  verb: string,
  bytes: Buffer,
  type: number,
  allowance: Allowance,
): readonly Buffer[] | undefined {
  check(verb, Number(send(fd, bytes, bytes.length, 0)));
  const answers = datagrams(verb, fd, allowance.left);
  allowance.left -= answers.length;
  if (allowance.left < 0) return undefined;
  const errno = answers.flatMap(errnosIn).find((e) => e !== 0 && e !== constants.errno.ENOENT);
  if (errno !== undefined) throw errnoError(verb, errno);
  return answers.flatMap((datagram) =>
    [...messagesIn(datagram)]
      .filter((m) => m.type === netfilterType(type))
      .map((m) => datagram.subarray(m.at + 20, m.at + m.length)),
  );
}

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
