import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { kernelError } from '../../../../src/kernel/system/errno.js';
import type { HostKernel } from '../../../../src/model/ports/ports.js';
import { NodePass } from '../../../../src/reconcile/cluster/node-pass.js';
import type { NodeRegistration } from '../../../../src/registry/nodes/node-registration.js';

test('a docker_gwbridge that cannot be fitted keeps no host out of the cluster', async () => {
  const publish = vi.fn(async () => {});
  const gwbridge = { mtu: 1500, up: true };
  const kernel = {
    hostFacts: async () => ({ gwbridge, gwbridgeNetworks: [], routes: [], underlayMtu: 9000 }),
    watchGwbridge: () => {},
    fitGwbridge: () => Promise.reject(kernelError('ip link set docker_gwbridge mtu 9000 up', 'EINVAL')),
  };
  const pass = new NodePass(
    kernel as unknown as HostKernel,
    { publish } as unknown as NodeRegistration,
    9000,
    'underlay',
    async () => {},
    pino({ level: 'silent' }),
  );
  pass.kick();
  await vi.waitFor(() => expect(publish).toHaveBeenCalled());
  pass.stop();
});
