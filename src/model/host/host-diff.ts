/** The steps that turn what was found of a part of the host into what is planned. Pure. */
import { cryptSteps } from '../crypt/diff.js';
import { acceleratorSteps } from './accelerator.js';
import { consulGuardSteps } from './consul-guard.js';
import { encryptionFenceSteps } from './encryption-fence.js';
import { gwbridgeSteps } from './gwbridge.js';
import type { HostPart, HostPlan, ObservedHost } from './host-plan.js';
import type { HostStep } from './host-steps.js';
import { probeSteps } from './probe.js';
import { OFF } from './standing.js';
import { sysctlSteps } from './sysctls.js';
import { uplinksSteps } from './uplinks.js';
import { vxlanGuardSteps } from './vxlan-guard.js';

type Diffs = {
  readonly [P in HostPart]: (wanted: HostPlan[P], found: ObservedHost[P]) => readonly HostStep[];
};

const diffs: Diffs = {
  vxlanGuard: vxlanGuardSteps,
  consulGuard: consulGuardSteps,
  gwbridge: gwbridgeSteps,
  uplinks: uplinksSteps,
  sysctls: sysctlSteps,
  encryptionFence: encryptionFenceSteps,
  probe: probeSteps,
  crypt: (wanted, found) => cryptSteps(wanted === OFF ? undefined : wanted, found),
  accelerator: acceleratorSteps,
};

export const diffHost = <P extends HostPart>(
  part: P,
  wanted: HostPlan[P],
  found: ObservedHost[P],
): readonly HostStep[] => diffs[part](wanted, found);

/** Of `steps`, those whose like the plan of before would have asked for as well: they mend what somebody broke. */
export function hostRepairs<P extends HostPart>(
  part: P,
  steps: readonly HostStep[],
  before: HostPlan[P] | undefined,
  found: ObservedHost[P],
): readonly HostStep[] {
  if (steps.length === 0 || before === undefined) return [];
  const broken = new Set(diffHost(part, before, found).map(({ kind }) => kind));
  return steps.filter(({ kind }) => broken.has(kind));
}
