/**
 * The C library, loaded once: each function of it that is called, and how a failure becomes a KernelError. `.async` of
 * one has a thread of libuv's pool wait.
 */
import koffi, { type TypeObject } from 'koffi';
import { KernelError } from '../../errors.js';
import { errnoSymbol } from './errno.js';

const libc = koffi.load('libc.so.6');
koffi.struct('sock_fprog', { length: 'uint16', filter: 'const void *' });

export const socket = libc.func('int socket(int domain, int type, int protocol)');
export const bind = libc.func('int bind(int fd, const void *address, uint32 length)');
export const connect = libc.func('int connect(int fd, const void *address, uint32 length)');
export const listen = libc.func('int listen(int fd, int backlog)');
export const getsockname = libc.func('int getsockname(int fd, void *address, void *length)');
export const getsockopt = libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)');
export const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32 length)');
/** The same with a program of classic BPF. */
export const setFilter = libc.func(
  'int setsockopt(int fd, int level, int name, const sock_fprog *value, uint32 length)',
);
export const SOCK_FPROG_BYTES = koffi.sizeof('sock_fprog');
export const send = libc.func('long send(int fd, const void *data, size_t length, int flags)');
export const sendto = libc.func(
  'long sendto(int fd, const void *data, size_t length, int flags, const void *to, uint32 tolength)',
);
export const recv = libc.func('long recv(int fd, void *data, size_t length, int flags)');
export const poll = libc.func('int poll(void *fds, unsigned long count, int timeout)');
export const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
export const flock = libc.func('int flock(int fd, int operation)');
export const setns = libc.func('int setns(int fd, int nstype)');
export const unshare = libc.func('int unshare(int flags)');
export const mount = libc.func('int mount(str source, str target, str fstype, unsigned long flags, const void *data)');
export const umount2 = libc.func('int umount2(str target, int flags)');

/** syscall(2)'s number of bpf(2). */
const SYS_BPF = process.arch === 'arm64' ? 280 : 321;

export interface BpfCall {
  (command: number, value: object): number;
  /** By a thread of libuv's pool; gives the errno, 0 for none. */
  aside(command: number, value: object): Promise<number>;
}

/** What is being read by pool threads must stay: nothing else holds on to it. */
const reading = new Set<object>();

/** bpf(2) with attributes of one shape, which the kernel may write into. */
export function bpfCall(attributes: TypeObject): BpfCall {
  const call = libc.func('syscall', 'long', ['long', 'int', koffi.inout(koffi.pointer(attributes)), 'uint32']);
  const size = koffi.sizeof(attributes);
  const aside = async (command: number, value: object): Promise<number> => {
    reading.add(value);
    try {
      return await new Promise<number>((resolve) =>
        call.async(SYS_BPF, command, value, size, (_: unknown, result: number) =>
          resolve(Number(result) < 0 ? lastErrno() : 0),
        ),
      );
    } finally {
      reading.delete(value);
    }
  };
  return Object.assign((command: number, value: object) => Number(call(SYS_BPF, command, value, size)), { aside });
}

/** Address families and kinds of sockets: sys/socket.h. */
export const AF = { inet: 2, inet6: 10, netlink: 16, packet: 17 } as const;
export const SOCK = { stream: 1, dgram: 2, raw: 3, nonblock: 0o4000, cloexec: 0o2000000 } as const;
export const SOL_SOCKET = 1;
export const MSG_DONTWAIT = 0x40;

/** Of the call before, in the same turn. */
export const lastErrno = (): number => koffi.errno();

/** Throws the KernelError of the C call that just returned -1. */
export function check(verb: string, result: number): number {
  if (result >= 0) return result;
  throw errnoError(verb, lastErrno());
}

/** `errno`: positive. */
export const errnoError = (verb: string, errno: number): KernelError =>
  new KernelError(verb, errno, errnoSymbol(errno));
