/** One tsoverlay per host, whether it runs as a process or as a managed plugin, under whatever name. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { isKernelError, UserError } from '../../errors.js';
import { check, flock } from './libc.js';

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * `flock -n <path>`, held until this process ends, however it ends: unlike a socket file, no stale one is left behind,
 * and of two that start at once only one gets it. Throws a UserError when another process holds it.
 *
 * True for the first one since the host has booted: the file lies on a tmpfs, and nobody removes it.
 */
export function lockHost(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  const isFirst = !existsSync(path);
  const fd = openSync(path, 'w', 0o600);
  try {
    check(`flock ${path}`, flock(fd, LOCK_EX | LOCK_NB));
  } catch (e) {
    closeSync(fd);
    if (isKernelError(e, 'EAGAIN'))
      throw new UserError(
        `another tsoverlay serves this host already (it holds ${path}); stop it, or disable the other plugin, first`,
      );
    throw e;
  }
  return isFirst;
}
