/**
 * Sockets made inside another network namespace. A socket belongs for its whole life to the namespace that its
 * thread was in at socket(2), so the descriptors made here can be wrapped by `dgram` and `net` (`{ fd }`) later and
 * elsewhere. While one is open the kernel keeps its namespace alive, also after the last process in it is gone.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import ipaddr from 'ipaddr.js';
import { familyOf } from '../../model/values/address.js';
import {
  AF,
  bind,
  check,
  connect,
  getsockname,
  getsockopt,
  ioctl,
  lastErrno,
  listen,
  SOCK,
  SOL_SOCKET,
  setsockopt,
  socket,
} from './libc.js';
import { withNamespace } from './netns.js';

const SIOCGIFFLAGS = 0x8913;
const IFF_UP = 1;
const BACKLOG = 128;
const ONE = Buffer.from([1, 0, 0, 0]);
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_ACCEPTCONN = 30;
const SO_RCVBUFFORCE = 33;

/** `address`: canonical; `port`: 0 lets the kernel choose. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** A bound, non-blocking UDP socket's descriptor, the caller's to close. Throws a KernelError, e.g. EADDRINUSE. */
export function udpSocketIn(namespace: string, local: SocketAddress): number {
  return socketIn(namespace, SOCK.dgram, local, () => {});
}

/** A listening, non-blocking TCP socket's descriptor, the caller's to close. Throws a KernelError, e.g. EADDRINUSE. */
export function tcpListenerIn(namespace: string, local: SocketAddress): number {
  return socketIn(namespace, SOCK.stream, local, (fd) => {
    check(`listen on ${textOf(local)}`, listen(fd, BACKLOG));
  });
}

/**
 * A TCP socket's descriptor whose handshake has begun; over loopback it is complete already. Refusal may throw
 * (KernelError ECONNREFUSED) or show at the first read, as with any non-blocking connect(2).
 */
export function tcpConnectIn(namespace: string, ends: { local: SocketAddress; remote: SocketAddress }): number {
  return socketIn(namespace, SOCK.stream, ends.local, (fd) => {
    const remote = sockaddr(ends.remote);
    const result: number = connect(fd, remote, remote.length);
    if (result < 0 && lastErrno() === constants.errno.EINPROGRESS) return;
    check(`connect to ${textOf(ends.remote)}`, result);
  });
}

/**
 * How much waits in the kernel until it is read, bytes; each datagram counts with its housekeeping, some 800 bytes for a
 * small one. Beyond `net.core.rmem_max`, which takes CAP_NET_ADMIN in the host's user namespace; without, up to that.
 */
export function setReceiveBuffer(fd: number, bytes: number): void {
  const value = Buffer.alloc(4);
  // The kernel takes it twice.
  value.writeUInt32LE(bytes / 2);
  const set = (name: number): number => setsockopt(fd, SOL_SOCKET, name, value, value.length);
  if (set(SO_RCVBUFFORCE) < 0) check('set SO_RCVBUF', set(SO_RCVBUF));
}

/**
 * Whether a listener still is one. Whoever has CAP_NET_ADMIN in its namespace can end that (SOCK_DESTROY, `ss --kill`), and
 * libuv does not tell: it comes back to such a socket in each turn of the event loop, for ever.
 */
export function isListening(fd: number): boolean {
  const value = Buffer.alloc(4);
  check('getsockopt SO_ACCEPTCONN', getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, Buffer.from([4, 0, 0, 0])));
  return value.readUInt32LE() !== 0;
}

/** The port that a socket is bound to. */
export function portOf(fd: number): number {
  const address = Buffer.alloc(16);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(address.length);
  check('getsockname', getsockname(fd, address, length));
  return address.readUInt16BE(2);
}

/** Whether the loopback device is up. Asking takes no lock. Throws a KernelError. */
export function isLoopbackUp(namespace: string): boolean {
  const fd = withNamespace(namespace, () => check('socket', socket(AF.inet, SOCK.dgram | SOCK.cloexec, 0)));
  try {
    // struct ifreq: name[16], then the flags in host order.
    const request = Buffer.alloc(40);
    request.write('lo');
    check('ip link show lo', ioctl(fd, SIOCGIFFLAGS, request));
    return (request.readUInt16LE(16) & IFF_UP) !== 0;
  } finally {
    closeSync(fd);
  }
}

function socketIn(namespace: string, type: number, local: SocketAddress, finish: (fd: number) => void): number {
  return withNamespace(namespace, () => {
    const fd = check('socket', socket(domainOf(local), type | SOCK.nonblock | SOCK.cloexec, 0));
    try {
      // Connections of an earlier process that have ended would keep a port of its own for a minute.
      if (type === SOCK.stream) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ONE, ONE.length);
      const address = sockaddr(local);
      check(`bind to ${textOf(local)}`, bind(fd, address, address.length));
      finish(fd);
      return fd;
    } catch (e) {
      closeSync(fd);
      throw e;
    }
  });
}

const domainOf = ({ address }: SocketAddress): number => (familyOf(address) === 4 ? AF.inet : AF.inet6);

/**
 * `struct sockaddr_in` or `sockaddr_in6`; the family is in host order, and the hosts we run on (x86-64, arm64) are
 * little-endian.
 */
export function sockaddr(of: SocketAddress): Buffer {
  const address = Buffer.from(ipaddr.parse(of.address).toByteArray());
  const bytes = Buffer.alloc(address.length === 4 ? 16 : 28);
  bytes.writeUInt16LE(domainOf(of));
  bytes.writeUInt16BE(of.port, 2);
  address.copy(bytes, address.length === 4 ? 4 : 8);
  return bytes;
}

const textOf = ({ address, port }: SocketAddress): string => `${address}:${port}`;
