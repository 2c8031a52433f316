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
import type { HeldNamespace } from './held-namespace.js';
import { onWritable, ROOT, readSysctl, type Setting, sysctlVerb } from './sysctl.js';

const writeAside = promisify(write);

/**
 * In the order given, each asked for when its turn comes: `ip_forward` sets others back. Rejects with
 * ENOENT for one that is not there.
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
      await writeAside(fd, String(value)).catch((e: unknown) => {
        throw fromNode(sysctlVerb(name, value), e);
      });
    } finally {
      closeSync(fd);
    }
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
