/**
 * What is this host's own and no network's, part by part: as it should be, and as it was found. Each part is looked at by
 * itself, for one that cannot be made right keeps none of the others waiting.
 */
import type { CryptPlan, ObservedMesh } from '../crypt/steps.js';
import type { AcceleratorPlan, ObservedAccelerator } from './accelerator.js';
import type { ConsulGuardPlan } from './consul-guard.js';
import type { EncryptionFencePlan } from './encryption-fence.js';
import type { GwbridgePlan, ObservedGwbridge } from './gwbridge.js';
import type { ObservedProbe, ProbePlan } from './probe.js';
import type { Off, Standing } from './standing.js';
import type { ObservedSysctls, SysctlPlan } from './sysctls.js';
import type { ObservedUplinks, UplinksPlan } from './uplinks.js';
import type { ObservedVxlanGuard, VxlanGuardPlan } from './vxlan-guard.js';

export interface HostPlan {
  readonly vxlanGuard: VxlanGuardPlan | Off;
  readonly consulGuard: ConsulGuardPlan | Off;
  readonly gwbridge: GwbridgePlan;
  readonly uplinks: UplinksPlan | Off;
  readonly sysctls: readonly SysctlPlan[];
  readonly encryptionFence: EncryptionFencePlan | Off;
  /** Through which hosts find out how they reach each other. */
  readonly probe: ProbePlan | Off;
  readonly crypt: CryptPlan | Off;
  readonly accelerator: AcceleratorPlan | Off;
}

export interface ObservedHost {
  readonly vxlanGuard: Standing<ObservedVxlanGuard>;
  readonly consulGuard: Standing<ConsulGuardPlan>;
  readonly gwbridge: ObservedGwbridge;
  readonly uplinks: ObservedUplinks;
  readonly sysctls: ObservedSysctls;
  readonly encryptionFence: Standing<EncryptionFencePlan>;
  readonly probe: ObservedProbe | undefined;
  readonly crypt: ObservedMesh;
  readonly accelerator: ObservedAccelerator;
}

export type HostPart = keyof HostPlan;

export const HOST_PARTS: readonly HostPart[] = [
  ...(['vxlanGuard', 'consulGuard', 'gwbridge', 'uplinks', 'sysctls', 'encryptionFence', 'probe', 'crypt'] as const),
  'accelerator',
];
