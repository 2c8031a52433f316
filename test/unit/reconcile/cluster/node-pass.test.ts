import { expect, test, vi } from 'vitest';
import { kernelError } from '../../../../src/kernel/system/errno.js';
import type { Mac } from '../../../../src/model/values/types.js';
import { NodePass } from '../../../../src/reconcile/cluster/node-pass.js';
import { heardRows } from '../../health/heard.js';

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
  const { rows, log, all } = heardRows();
  const pass = new NodePass({
    kernel,
    registration: { publish },
    underlayMtu: 9000,
    gwbridgeMtu: 'underlay',
    makeGwbridge: async () => {},
    log,
    rows,
  });
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
