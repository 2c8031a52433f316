/** The edge to the host's own things in the kernel; its adapter is `kernel/host-parts/host-parts.ts`. */
import type { Notice } from '../diff/drift.js';
import type { HostPart, ObservedHost } from '../host/host-plan.js';
import type { KernelHostStep } from '../host/host-steps.js';
import type { GuardDrops } from '../host/vxlan-guard.js';

export interface HostPartsKernel {
  /** Rejects with a KernelError. */
  observe<P extends HostPart>(part: P): Promise<ObservedHost[P]>;
  /** Does one step of a part; no other step of that part, and no look at it, meanwhile. Rejects with a KernelError. */
  apply(step: KernelHostStep): Promise<void>;
  /** Tells of docker_gwbridge from now on. */
  watchGwbridge(listener: (notices: readonly Notice[]) => void): void;
  /** Datagrams that the guard of VXLAN's port has dropped; undefined where there is none. Throws a KernelError. */
  guardDrops(): GuardDrops | undefined;
  close(): void;
}
