/** The machine's limits, as tsoverlay raises them on a host of its own. */
import { readSysctls, writeSysctl } from '../../src/kernel/system/sysctl.js';
import { SYSCTLS, sysctlSteps } from '../../src/model/host/sysctls.js';

export function raiseLimits(): void {
  for (const step of sysctlSteps(SYSCTLS, readSysctls(SYSCTLS.map(({ name }) => name))))
    if (step.kind === 'raiseSysctl') writeSysctl(step.name, step.value);
}
