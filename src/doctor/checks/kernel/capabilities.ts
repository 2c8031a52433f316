import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

/** linux/capability.h */
const NEEDED = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;

export interface CapabilityFacts {
  readonly pid: number;
  readonly effective: bigint;
}

export const capabilities = check({
  code: 'kernel.capabilities',
  about: 'what the process that serves may do in the kernel',
  harm: 'no network can be made, and what breaks is not repaired',
  cure: 'run tsoverlay as root with CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN: take CapabilityBoundingSet= and the like out of its unit, or install the managed plugin anew, which asks for them',
  look: async ({ proc, pid: ask }: Pick<Surroundings, 'pid' | 'proc'>): Promise<CapabilityFacts | undefined> => {
    const pid = await ask();
    const effective = /^CapEff:\s+([0-9a-f]+)/m.exec(proc.text(`${pid ?? 'self'}/status`) ?? '')?.[1];
    return effective === undefined ? undefined : { pid: pid ?? process.pid, effective: BigInt(`0x${effective}`) };
  },
  judge: (facts) => {
    if (facts === undefined) return [];
    const missing = Object.entries(NEEDED).filter(([, bit]) => ((facts.effective >> BigInt(bit)) & 1n) === 0n);
    if (missing.length === 0) return [];
    return [{ what: `process ${facts.pid} lacks ${missing.map(([name]) => name).join(' and ')}` }];
  },
});
