/**
 * AF_NETLINK sockets over the C library. The `netlink` package formats and parses, but its own socket is not used: it
 * takes an overrun for an error of the poll, and throws a C++ exception through libuv, which ends the process.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { Mutex } from 'async-mutex';
import {
  AF,
  bind,
  check,
  connect,
  errnoError,
  lastErrno,
  MSG_DONTWAIT,
  recv,
  SOCK,
  SOCK_FPROG_BYTES,
  SOL_SOCKET,
  send as sendNow,
  setFilter,
  setsockopt,
  socket,
} from '../system/libc.js';

const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;

/** The largest piece that the kernel makes of a dump; netlink(7) advises the same. */
const DATAGRAM_BYTES = 32 * 1024;

/** What came in on whichever socket: to be read before the next call. */
const shared = Buffer.allocUnsafeSlow(DATAGRAM_BYTES);

/**
 * A bound descriptor, the caller's to close; it acts in the namespace that the calling thread is in. It hears the kernel
 * alone (af_netlink.c, `netlink_getsockbyportid`): whoever has CAP_NET_ADMIN over the namespace, a container, might
 * answer in its place otherwise, or without end. Groups are heard all the same.
 */
export function openNetlink(protocol: number): number {
  const fd = check('socket AF_NETLINK', socket(AF.netlink, SOCK.raw | SOCK.cloexec, protocol));
  try {
    // struct sockaddr_nl with port 0: that of the kernel, and the kernel's choice. One without a port is told nothing.
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF.netlink);
    check('bind AF_NETLINK', bind(fd, address, address.length));
    check('connect AF_NETLINK', connect(fd, address, address.length));
    return fd;
  } catch (e) {
    closeSync(fd);
    throw e;
  }
}

/** What a dump is asked to leave out is left out by the kernel (since 4.20; older ones send all). */
export function beStrict(fd: number): void {
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, number(1), 4);
}

/** Bytes of news that may wait; more than `net.core.rmem_max` where we may (CAP_NET_ADMIN of the first namespace). */
export function holdUpTo(fd: number, bytes: number): void {
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, number(bytes), 4) < 0)
    check('setsockopt SO_RCVBUF', setsockopt(fd, SOL_SOCKET, SO_RCVBUF, number(bytes), 4));
}

/** Only what the classic BPF program accepts gets into the socket's buffer from now on. */
export function attachFilter(fd: number, program: Buffer): void {
  const value = { length: program.length / 8, filter: program };
  check('setsockopt SO_ATTACH_FILTER', setFilter(fd, SOL_SOCKET, SO_ATTACH_FILTER, value, SOCK_FPROG_BYTES));
}

export function joinGroup(fd: number, group: number): void {
  check('setsockopt NETLINK_ADD_MEMBERSHIP', setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, number(group), 4));
}

/**
 * The next datagram, to be read before the next call; undefined when there is none. Throws a KernelError: ENOBUFS
 * when messages were lost before this one, EMSGSIZE for one that is longer than the largest.
 */
export function receive(verb: string, fd: number): Buffer | undefined {
  const length = Number(recv(fd, shared, shared.length, MSG_DONTWAIT | MSG_TRUNC));
  if (length < 0 && lastErrno() === constants.errno.EAGAIN) return undefined;
  return received(verb, length, shared);
}

/** Throws the next datagram away unread; false when there is none. */
export function discard(fd: number): boolean {
  return Number(recv(fd, shared, 0, MSG_DONTWAIT)) >= 0 || lastErrno() !== constants.errno.EAGAIN;
}

/**
 * A request is handled within send(2), and each further piece of a dump within recv(2). The kernel makes them wait for
 * one lock of the whole host (rtnl), which a container with CAP_NET_ADMIN can keep busy: so a pool thread waits, not
 * the process, and one is enough.
 */
const line = new Mutex();
const piece = Buffer.allocUnsafeSlow(DATAGRAM_BYTES);
/** What is being sent must stay: nothing else holds on to it meanwhile. */
let sending: Buffer | undefined;

/** Sends a request, and gives `then` its turn right after: what the kernel answered lies in the buffer by then. */
export function send<T>(verb: string, fd: number, bytes: Buffer, then: () => T): Promise<T> {
  return line.runExclusive(async () => {
    sending = bytes;
    await call(verb, (done) => sendNow.async(fd, sending, bytes.length, 0, done));
    return then();
  });
}

/** Has `take` read the next piece of a dump; undefined when there is none. Throws as {@link receive}. */
export function receivePiece<T>(verb: string, fd: number, take: (datagram: Buffer) => T): Promise<T | undefined> {
  return line.runExclusive(async () => {
    const flags = MSG_DONTWAIT | MSG_TRUNC;
    const length = await call(verb, (done) => recv.async(fd, piece, piece.length, flags, done));
    return length === undefined ? undefined : take(received(verb, length, piece));
  });
}

/** Undefined for EAGAIN. */
function call(verb: string, start: (done: (error: unknown, result: number) => void) => void) {
  return new Promise<number | undefined>((resolve, reject) =>
    start((_, result) => {
      const errno = lastErrno();
      if (Number(result) >= 0) resolve(Number(result));
      else if (errno === constants.errno.EAGAIN) resolve(undefined);
      else reject(errnoError(verb, errno));
    }),
  );
}

function received(verb: string, length: number, into: Buffer): Buffer {
  check(verb, length);
  if (length > into.length) throw errnoError(verb, constants.errno.EMSGSIZE);
  return into.subarray(0, length);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
