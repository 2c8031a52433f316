/** Settings of the whole kernel that networks need, and what makes them so. Pure. */
import type { HostStep } from './host-steps.js';

export interface SysctlPlan {
  /** As a path below /proc/sys. */
  readonly name: string;
  readonly least: number;
}

/** Those that there are: some are files of the first network namespace alone. */
export type ObservedSysctls = ReadonlyMap<string, number>;

/** Entries at which a neighbour table is swept, swept hard, and full: what the native overlay driver sets. */
const NEIGHBOUR_LIMITS = { gc_thresh1: 8192, gc_thresh2: 49_152, gc_thresh3: 65_536 };

/** Of all namespaces at once: permanent entries count too, and the default is full at 1024. */
const NEIGHBOURS = ['ipv4', 'ipv6'].flatMap((family) =>
  Object.entries(NEIGHBOUR_LIMITS).map(([limit, least]) => ({ name: `net/${family}/neigh/default/${limit}`, least })),
);

/**
 * What epoll watches is counted by user, so root's containers have the same count as this process, and libuv aborts when
 * it gets no more (ENOSPC). So many take 400 GB, and that is counted by container: its own limit of memory ends it first.
 */
const WATCHES: SysctlPlan = { name: 'fs/epoll/max_user_watches', least: 2 ** 31 - 1 };

export const SYSCTLS: readonly SysctlPlan[] = [...NEIGHBOURS, WATCHES];

/** An operator may have set more. */
export const sysctlSteps = (wanted: readonly SysctlPlan[], found: ObservedSysctls): readonly HostStep[] =>
  wanted.flatMap(({ name, least }): HostStep[] => {
    const was = found.get(name);
    if (was === undefined || was >= least) return [];
    return [{ kind: 'raiseSysctl', name, value: least, was, reason: `it is ${was}` }];
  });
