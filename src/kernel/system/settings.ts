/**
 * Kernel settings of a network namespace: `sysctl -w` in there. What has the value already is only read. Many a write
 * (`disable_ipv6`, `forwarding`) waits for a lock of the whole host (rtnl), which a container with CAP_NET_ADMIN can keep
 * busy, and the writer spins meanwhile: so a file is opened in the namespace, which it then belongs to, and written by a
 * pool thread outside of it.
 */
import { closeSync, constants, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { Mutex } from 'async-mutex';
import { hasCode } from '../../errors.js';
import { fromNode } from './errno.js';
import type { HeldNamespace } from './held-namespace.js';
import { onWritable, ROOT, readSysctl, type Setting, sysctlVerb } from './sysctl.js';

const writeAside = promisify(write);
/** One pool thread is enough to wait for the lock: others have other things to do. */
const line = new Mutex();

/**
 * In the order given, each asked for when its turn comes: `ip_forward` sets others back. Rejects with ENOENT for one that
 * is not there.
 */
export async function changeSettings(
  namespace: Pick<HeldNamespace, 'within'>,
  settings: readonly Setting[],
): Promise<void> {
  for (const setting of settings) {
    const fd = namespace.within(() => openIfOther(setting));
    if (fd === undefined) continue;
    const { name, value } = setting;
    try {
      await line.runExclusive(() => writeAside(fd, String(value)));
    } catch (e) {
      // It may have gone with its link meanwhile.
      if (!isNone(setting, e)) throw fromNode(sysctlVerb(name, value), e);
    } finally {
      closeSync(fd);
    }
  }
}

const isNone = ({ ifThere }: Setting, e: unknown): boolean => ifThere === true && hasCode(e, 'ENOENT');

function openIfOther(setting: Setting): number | undefined {
  const { name, value } = setting;
  try {
    if (readSysctl(name, ROOT) === String(value)) return undefined;
    return onWritable(ROOT, sysctlVerb(name, value), () => openSync(`${ROOT}/${name}`, constants.O_WRONLY));
  } catch (e) {
    if (isNone(setting, e)) return undefined;
    throw e;
  }
}
