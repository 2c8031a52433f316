/** From the kernel's numbers to KernelErrors. */
import { constants } from 'node:os';
import { KernelError } from '../../errors.js';

const symbols = new Map<number, string>(
  // What Node lacks: EXFULL is a bridge with 1024 ports, the others come from odd netlink requests.
  [
    ...Object.entries({ EXFULL: 54, ENOTUNIQ: 76, EUSERS: 87 }),
    ...Object.entries(constants.errno).filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'ENOTSUP'),
  ].map(([name, errno]) => [errno, name]),
);

/** Symbol of a positive errno, e.g. `EEXIST` for 17. */
export const errnoSymbol = (errno: number): string => symbols.get(errno) ?? `errno ${errno}`;

export const kernelError = (verb: string, symbol: keyof typeof constants.errno): KernelError =>
  new KernelError(verb, constants.errno[symbol], symbol);

/** Node's own error (ENOENT of a file, say) under a kernel verb; anything else as it is. */
export const fromNode = (verb: string, e: unknown): unknown =>
  e instanceof Error && 'code' in e && 'errno' in e && typeof e.errno === 'number'
    ? new KernelError(verb, -e.errno, String(e.code))
    : e;
