import { expect, test, vi } from 'vitest';
import { kernelError } from '../../../../src/kernel/system/errno.js';
import type { HostKernel } from '../../../../src/model/ports/ports.js';
import { NodePass } from '../../../../src/reconcile/cluster/node-pass.js';
import type { NodeRegistration } from '../../../../src/registry/nodes/node-registration.js';
import { heardRows } from '../../health/heard.js';

test('a docker_gwbridge that cannot be fitted keeps no host out of the cluster', async () => {
  const publish = vi.fn(async () => {});
  const gwbridge = { mtu: 1500, up: true };
  const kernel = {
    hostFacts: async () => ({ gwbridge, gwbridgeNetworks: [], routes: [], underlayMtu: 9000 }),
    watchGwbridge: () => {},
    fitGwbridge: () => Promise.reject(kernelError('ip link set docker_gwbridge mtu 9000 up', 'EINVAL')),
  };
  const { rows, log, all } = heardRows();
  const pass = new NodePass(
    kernel as unknown as HostKernel,
    { publish } as unknown as NodeRegistration,
    9000,
    'underlay',
    async () => {},
    log,
    rows,
  );
  pass.kick();
  await vi.waitFor(() => expect(publish).toHaveBeenCalled());
  await vi.waitFor(() =>
    expect(all().map(({ code, state }) => `${code} ${state}`)).toEqual(['node.record ok', 'host.gwbridge failing']),
  );
  expect(log.words).toEqual([
    'docker_gwbridge could not be made right: ip link set docker_gwbridge mtu 9000 up: EINVAL',
  ]);
  pass.stop();
});
