/** What is said of the host's parts: the codes of their rows, and lines of the log. */
import type { Code } from '../../health/catalogue.js';
import type { Log } from '../../health/events.js';
import type { HostPart } from '../../model/host/host-plan.js';
import type { HostStep } from '../../model/host/host-steps.js';

export const CODES = {
  vxlanGuard: 'guard.vxlan',
  consulGuard: 'guard.consul',
  gwbridge: 'host.gwbridge',
  uplinks: 'host.uplinks',
  sysctls: 'host.sysctls',
  encryptionFence: 'guard.encryption',
  probe: 'host.probe',
  crypt: 'host.crypt',
  accelerator: 'host.accelerator',
} as const satisfies Readonly<Record<HostPart, Code>>;

export type HostPartCode = (typeof CODES)[HostPart];

/** Tells of a step that was done. `isRepair`: somebody had broken what it mends. `port`: UDP, of VXLAN. */
export function tellDone(log: Pick<Log, 'info' | 'warn'>, step: HostStep, isRepair: boolean, port: number): void {
  const fields = { event: 'repaired', step: step.kind, reason: step.reason } as const;
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
      log.info(
        { ...fields, event: 'gwbridge-fitted', mtu: step.mtu, was: step.was },
        'docker_gwbridge fitted to the underlay',
      );
      return;
    case 'raiseSysctl':
      if (isRepair) log.warn({ ...fields, was: step.was }, `repaired sysctl ${step.name.replaceAll('/', '.')}`);
      return;
    case 'hookUnderlay':
      if (isRepair) log.warn(fields, `repaired the short way in at ${step.link}, which somebody had removed`);
      return;
    case 'replaceUplinkRules':
      if (isRepair) log.warn(fields, 'repaired the rules by which networks go out, which somebody had removed');
      return;
    case 'removeUplinkRules':
    case 'removeGwbridgeAddress':
    case 'createProbe':
      if (isRepair) log.warn(fields, 'repaired the probe network, which somebody had removed or changed');
      return;
    case 'replaceEncryptionFence':
      if (isRepair) log.warn(fields, 'repaired the fence around encrypted networks, which somebody had removed');
      return;
    case 'createCrypt':
    case 'mountCrypt':
    case 'quietMesh':
    case 'createWireguard':
    case 'setWireguard':
    case 'removeCryptLink':
    case 'setCryptMtu':
    case 'setCryptUp':
    case 'setCryptDown':
    case 'addVtep':
    case 'putPeers':
    case 'removePeers':
    case 'replaceCryptRoutes':
    case 'removeCryptRoutes':
      if (isRepair) log.warn(fields, `repaired the mesh that encrypts: ${step.kind}`);
      return;
    case 'removeCrypt':
    case 'removeEncryptionFence':
    case 'unhookUnderlay':
    case 'removeProbe':
    case 'openProbe':
    case 'closeProbe':
    case 'removeVxlanGuard':
    case 'removeConsulGuard':
    case 'addGwbridgeAddress':
    case 'enslaveToGwbridge':
    case 'requestGwbridge':
      return;
  }
}
