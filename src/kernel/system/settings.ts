/**
 * Kernel settings of a network namespace: `sysctl -w` in there. What has the value already is only read. Many a write
 * (`disable_ipv6`, `forwarding`) waits for a lock of the whole host (rtnl), which a container with CAP_NET_ADMIN can keep
 * busy, and the writer spins meanwhile: so a file is opened in the namespace, which it then belongs to, and written by a
 * pool thread outside of it.
 */
import { closeSync, constants, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { hasCode } from '../../errors.js';
import { fromNode } from './errno.js';
import { onWritable, ROOT, readSysctl, type Setting, sysctlVerb } from './sysctl.js';

interface Opened extends Setting {
  readonly fd: number;
}

const writeAside = promisify(write);

/** In the order given. `enter`: runs something in the namespace, synchronously. Throws ENOENT for one that is not there. */
export async function changeSettings(
  enter: (work: () => readonly Opened[]) => readonly Opened[],
  settings: readonly Setting[],
): Promise<void> {
  const opened = enter(() => openAll(settings));
  try {
    for (const { fd, name, value } of opened)
      await writeAside(fd, String(value)).catch((e: unknown) => {
        throw fromNode(sysctlVerb(name, value), e);
      });
  } finally {
    closeAll(opened);
  }
}

function openAll(settings: readonly Setting[]): readonly Opened[] {
  const opened: Opened[] = [];
  try {
    for (const setting of settings) {
      const fd = openIfOther(setting);
      if (fd !== undefined) opened.push({ ...setting, fd });
    }
    return opened;
  } catch (e) {
    closeAll(opened);
    throw e;
  }
}

function openIfOther({ name, value, ifThere }: Setting): number | undefined {
  try {
    if (readSysctl(name, ROOT) === String(value)) return undefined;
    return onWritable(ROOT, sysctlVerb(name, value), () => openSync(`${ROOT}/${name}`, constants.O_WRONLY));
  } catch (e) {
    if (ifThere === true && hasCode(e, 'ENOENT')) return undefined;
    throw e;
  }
}

function closeAll(opened: readonly Opened[]): void {
  for (const { fd } of opened) closeSync(fd);
}
