/**
 * Network namespaces through the C library: setns(2), unshare(2), mount(2). A switch is always enter → do → leave
 * within one synchronous function. Nothing asynchronous may start in between: a libuv worker thread born there
 * would stay in that namespace for ever.
 */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { hasCode, isKernelError } from '../../errors.js';
import { kernelError } from './errno.js';
import { check, ioctl, mount, setns, umount2, unshare } from './libc.js';
import { removeFile } from './namespace-file.js';

const CLONE_NEWNET = 0x40000000;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MNT_DETACH = 2;
/** linux/sockios.h: a descriptor of the socket's network namespace. */
const SIOCGSKNS = 0x894c;

/** The calling thread's own namespace; `/proc/self` would be the main thread's. */
export const OWN_NETNS = '/proc/thread-self/ns/net';

/** Runs `work` on this thread inside the namespace at `path`, then returns to the own one. */
export function withNamespace<T>(path: string, work: () => T): T {
  const target = openNamespace(path);
  try {
    const home = openSync(OWN_NETNS, 'r');
    try {
      check(`nsenter --net=${path}`, setns(target, CLONE_NEWNET));
      try {
        return work();
      } finally {
        check('return to the own network namespace', setns(home, CLONE_NEWNET));
      }
    } finally {
      closeSync(home);
    }
  } finally {
    closeSync(target);
  }
}

/** Runs `work` on this thread inside the namespace that the socket belongs to. */
export function withNamespaceOf<T>(socket: number, work: () => T): T {
  const fd = check('ioctl SIOCGSKNS', ioctl(socket, SIOCGSKNS, null));
  try {
    return withNamespace(`/proc/thread-self/fd/${fd}`, work);
  } finally {
    closeSync(fd);
  }
}

/** Runs `work` on this thread inside a namespace that nobody has, which ends with the last socket that was made in it. */
export function withNewNamespace<T>(work: () => T): T {
  const home = openSync(OWN_NETNS, 'r');
  try {
    check('unshare --net', unshare(CLONE_NEWNET));
    try {
      return work();
    } finally {
      check('return to the own network namespace', setns(home, CLONE_NEWNET));
    }
  } finally {
    closeSync(home);
  }
}

/** Opens a namespace file; the descriptor is the caller's to close. */
export function openNamespace(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (e) {
    if (hasCode(e, 'ENOENT')) throw kernelError(`open ${path}`, 'ENOENT');
    throw e;
  }
}

/** `ip netns add`: a new namespace, kept by a bind mount at `path`. Throws EEXIST when there is a file already. */
export function createNamespace(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o444));
  } catch (e) {
    if (hasCode(e, 'EEXIST')) throw kernelError(`ip netns add ${path}`, 'EEXIST');
    throw e;
  }
  try {
    withNewNamespace(() => check(`mount --bind ${OWN_NETNS} ${path}`, mount(OWN_NETNS, path, 'none', MS_BIND, null)));
  } catch (e) {
    unlinkSync(path);
    throw e;
  }
}

/** `mount --bind <source> <path>` of a namespace that somebody holds open. Throws EEXIST when there is a file. */
export function mountNamespace(source: string, path: string): void {
  closeSync(openSync(path, 'wx', 0o444));
  check(`mount --bind ${source} ${path}`, mount(source, path, 'none', MS_BIND, null));
}

/** `ip netns delete`: the kernel ends it once nothing else holds it. Removing what is gone is success. */
export function removeNamespace(path: string): void {
  try {
    check(`umount ${path}`, umount2(path, MNT_DETACH));
  } catch (e) {
    // EINVAL: a plain file without a mount, what an unclean stop leaves behind.
    if (!isKernelError(e, 'EINVAL', 'ENOENT')) throw e;
  }
  removeFile(path);
}

/** `mount -o remount,bind,rw`: this mount only, and only in the mount namespace of this process. */
export function remountWritable(path: string): void {
  check(`mount -o remount,bind,rw ${path}`, mount(null, path, null, MS_REMOUNT | MS_BIND, null));
}
