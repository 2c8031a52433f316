/** What the log says of the host's parts. */
import type { Logger } from 'pino';
import type { HostPart } from '../../model/host/host-plan.js';
import type { HostStep } from '../../model/host/host-steps.js';

export const FAILED: Readonly<Record<HostPart, string>> = {
  vxlanGuard: 'VXLAN from unknown addresses is not kept out',
  consulGuard: 'containers are not kept away from Consul',
  gwbridge: 'docker_gwbridge could not be made right',
  sysctls: 'a setting of the kernel could not be made right',
  crypt: 'a device that encrypts could not be made right',
};

/** Tells of a step that was done. `isRepair`: somebody had broken what it mends. `port`: UDP, of VXLAN. */
export function tellDone(log: Pick<Logger, 'info' | 'warn'>, step: HostStep, isRepair: boolean, port: number): void {
  const fields = { step: step.kind, reason: step.reason };
  switch (step.kind) {
    case 'replaceVxlanGuard':
    case 'changeVxlanGuard':
      if (isRepair) log.warn(fields, `repaired the guard of UDP ${port}, which somebody had removed`);
      return;
    case 'replaceConsulGuard':
      if (isRepair) log.warn(fields, 'repaired the guard of Consul, which somebody had removed');
      return;
    case 'createGwbridge':
      log.warn(fields, 'repaired docker_gwbridge, which somebody had removed');
      return;
    case 'fitGwbridge':
      log.info({ ...fields, mtu: step.mtu, was: step.was }, 'docker_gwbridge fitted to the underlay');
      return;
    case 'raiseSysctl':
      if (isRepair) log.warn({ ...fields, was: step.was }, `repaired sysctl ${step.name.replaceAll('/', '.')}`);
      return;
    case 'removeVxlanGuard':
    case 'removeConsulGuard':
    case 'addGwbridgeAddress':
    case 'enslaveToGwbridge':
    case 'requestGwbridge':
      return;
  }
}
