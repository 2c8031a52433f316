/** Which kernel this is. */
import { release } from 'node:os';

/** True of this one and newer ones: `[5, 6]` is Linux 5.6. */
export function kernelIs([least, leastMinor]: readonly [number, number], running = release()): boolean {
  const [major = 0, minor = 0] = running.split('.').map(Number.parseFloat);
  return major > least || (major === least && minor >= leastMinor);
}
