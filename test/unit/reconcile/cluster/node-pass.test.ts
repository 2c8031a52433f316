import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { kernelError } from '../../../../src/kernel/system/errno.js';
import type { Mac } from '../../../../src/model/values/types.js';
import { NodePass } from '../../../../src/reconcile/cluster/node-pass.js';

test('a docker_gwbridge that cannot be fitted keeps no host out of the cluster', async () => {
  const publish = vi.fn(async () => {});
  const gwbridge = {
    index: 1,
    kind: 'bridge',
    mtu: 1500,
    up: true,
    master: '',
    mac: '02:00:00:00:00:01' as Mac,
    name: 'docker_gwbridge',
    alias: '',
  };
  const kernel = {
    hostFacts: async () => ({ gwbridge, gwbridgeNetworks: [], routes: [], underlayMtu: 9000 }),
    watchGwbridge: () => {},
    rebuildGwbridge: async () => 0,
    fitGwbridge: () => Promise.reject(kernelError('ip link set docker_gwbridge mtu 9000 up', 'EINVAL')),
  };
  const pass = new NodePass({
    kernel,
    registration: { publish },
    underlayMtu: 9000,
    gwbridgeMtu: 'underlay',
    makeGwbridge: async () => {},
    log: pino({ level: 'silent' }),
  });
  pass.kick();
  await vi.waitFor(() => expect(publish).toHaveBeenCalled());
  pass.stop();
});
