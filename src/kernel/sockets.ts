/**
 * IPv4 sockets made inside another network namespace. A socket belongs for its whole life to the namespace that its
 * thread was in at socket(2), so the descriptors made here can be wrapped by `dgram` and `net` (`{ fd }`) later and
 * elsewhere. While one is open the kernel keeps its namespace alive, also after the last process in it is gone.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';
import { check, withNamespace } from './netns.js';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32 length)');
const bind = libc.func('int bind(int fd, const void *address, uint32 length)');
const connect = libc.func('int connect(int fd, const void *address, uint32 length)');
const listen = libc.func('int listen(int fd, int backlog)');
const getsockname = libc.func('int getsockname(int fd, void *address, void *length)');

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_IP = 0;
const IP_FREEBIND = 15;
const BACKLOG = 128;

/** `address`: dotted IPv4; `port`: 0 lets the kernel choose. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** A bound, non-blocking UDP socket's descriptor, the caller's to close. Throws a KernelError, e.g. EADDRINUSE. */
export function udpSocketIn(namespace: string, local: SocketAddress): number {
  return socketIn(namespace, SOCK_DGRAM, local, () => {});
}

/** A listening, non-blocking TCP socket's descriptor, the caller's to close. Throws a KernelError, e.g. EADDRINUSE. */
export function tcpListenerIn(namespace: string, local: SocketAddress): number {
  return socketIn(namespace, SOCK_STREAM, local, (fd) => {
    check(`listen on ${textOf(local)}`, listen(fd, BACKLOG));
  });
}

/**
 * A TCP socket's descriptor whose handshake has begun; over loopback it is complete already. Refusal may throw
 * (KernelError ECONNREFUSED) or show at the first read, as with any non-blocking connect(2).
 */
export function tcpConnectIn(namespace: string, ends: { local: SocketAddress; remote: SocketAddress }): number {
  return socketIn(namespace, SOCK_STREAM, ends.local, (fd) => {
    const remote = sockaddr(ends.remote);
    const result: number = connect(fd, remote, remote.length);
    if (result < 0 && koffi.errno() === constants.errno.EINPROGRESS) return;
    check(`connect to ${textOf(ends.remote)}`, result);
  });
}

/** The port that a socket is bound to. */
export function portOf(fd: number): number {
  const address = Buffer.alloc(16);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(address.length);
  check('getsockname', getsockname(fd, address, length));
  return address.readUInt16BE(2);
}

function socketIn(namespace: string, type: number, local: SocketAddress, finish: (fd: number) => void): number {
  return withNamespace(namespace, () => {
    const fd = check('socket', socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    try {
      // A container's namespace appears before its loopback device is up: without this, bind(2) fails in between.
      const yes = Buffer.from([1, 0, 0, 0]);
      check('setsockopt IP_FREEBIND', setsockopt(fd, IPPROTO_IP, IP_FREEBIND, yes, yes.length));
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

/** `struct sockaddr_in`; the family is in host order, and the hosts we run on (x86-64, arm64) are little-endian. */
function sockaddr({ address, port }: SocketAddress): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET);
  bytes.writeUInt16BE(port, 2);
  Buffer.from(address.split('.').map(Number)).copy(bytes, 4);
  return bytes;
}

const textOf = ({ address, port }: SocketAddress): string => `${address}:${port}`;
