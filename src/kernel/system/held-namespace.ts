/** A network namespace that is held open, mounted or not. */
import { closeSync } from 'node:fs';
import { kernelError } from './errno.js';
import { OWN_NETNS, openNamespace, withNamespace } from './netns.js';

/**
 * Whoever uses it may have waited for something meanwhile, and the number of a descriptor that was closed is soon another
 * namespace's, at worst the host's: so nobody has the number itself, and what comes after the end is refused (ECANCELED).
 */
export class HeldNamespace {
  /** Not of the file that it is mounted on: a descriptor of that would make it busy, and the user's umount fail. */
  private readonly fd = openNamespace(OWN_NETNS);
  private closed = false;

  /** Good for the same turn of the event loop. */
  get path(): string {
    const path = `/proc/thread-self/fd/${this.fd}`;
    if (this.closed) throw kernelError(`open ${path}`, 'ECANCELED');
    return path;
  }

  /** Runs `work` in it; nothing asynchronous may happen in there. */
  within<T>(work: () => T): T {
    return withNamespace(this.path, work);
  }

  /** Runs `work` with a descriptor that is its own: what it tells the kernel of it may wait long in a pool thread. */
  async lend<T>(work: (fd: number) => Promise<T>): Promise<T> {
    const fd = openNamespace(this.path);
    try {
      return await work(fd);
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    if (!this.closed) closeSync(this.fd);
    this.closed = true;
  }
}
