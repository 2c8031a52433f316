/** What is the host's own on the real kernel: the pass finds it, makes it right, and is told when somebody breaks it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UNMEASURED } from '../../src/health/measures.js';
import { NOBODY } from '../../src/health/row.js';
import { LinuxHostParts } from '../../src/kernel/host-parts/host-parts.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { GwbridgePlanner } from '../../src/reconcile/host-parts/gwbridge-planner.js';
import { HostPartsPass } from '../../src/reconcile/host-parts/host-parts-pass.js';
import { always } from '../../src/reconcile/host-parts/planner.js';
import type { ClusterView } from '../../src/store/view/cluster-view.js';
import { Bench, type Host, run } from './bench.js';
import { meshOf, unaccelerated } from './host-parts.js';

let bench: Bench;
let host: Host;
let pass: HostPartsPass;
const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn() };
const ip = (...args: string[]) => run(host.path, 'ip', ...args);

beforeEach(() => {
  vi.clearAllMocks();
  bench = new Bench();
  host = bench.host('host');
  const view = { current: { networks: new Map() } } as unknown as Pick<ClusterView, 'current'>;
  const guard = { nodes: new Set(['10.0.0.1']), vnis: new Set([256]) };
  const planners = {
    vxlanGuard: always<'vxlanGuard'>(guard),
    consulGuard: always<'consulGuard'>('off'),
    gwbridge: new GwbridgePlanner({
      ...{ view, wish: { mtu: 'underlay' } },
      facts: () => ({ underlayMtu: 8950, routes: [] }),
    }),
    uplinks: always<'uplinks'>('off'),
    sysctls: always<'sysctls'>([]),
    encryptionFence: always<'encryptionFence'>('off'),
    probe: always<'probe'>('off'),
    crypt: always<'crypt'>('off'),
    accelerator: always<'accelerator'>('off'),
  };
  const kernel = withNamespace(
    host.path,
    () =>
      new LinuxHostParts({
        ...{ underlay: 4, mode: 'on', port: 4789 },
        crypt: meshOf(host.kernel),
        accelerator: unaccelerated(host),
      }),
  );
  pass = new HostPartsPass({
    kernel,
    planners,
    requestGwbridge: () => {},
    port: 4789,
    log,
    meter: UNMEASURED,
    rows: NOBODY,
  });
});
afterEach(() => {
  void pass.stop();
  bench.close();
});

const shown = () => ip('address', 'show', 'docker_gwbridge');

test('docker_gwbridge is fitted, and comes back with its ports, its address and its MAC', async () => {
  ip('link', 'add', 'docker_gwbridge', 'address', '02:42:00:00:00:01', 'type', 'bridge');
  ip('address', 'add', '172.18.0.1/16', 'dev', 'docker_gwbridge');
  ip('link', 'add', 'vetha', 'mtu', '8950', 'type', 'veth', 'peer', 'name', 'vethb');
  ip('link', 'set', 'vetha', 'master', 'docker_gwbridge', 'up');
  pass.kick('gwbridge');
  await expect.poll(shown).toMatch(/UP.* mtu 8950/);
  pass.kick('gwbridge');
  await expect
    .poll(() => log.info.mock.calls.map(([, text]) => text))
    .toEqual(['docker_gwbridge fitted to the underlay']);

  ip('link', 'delete', 'docker_gwbridge');
  await expect.poll(() => ip('-br', 'link', 'show', 'master', 'docker_gwbridge')).toContain('vetha');
  expect(shown()).toContain('link/ether 02:42:00:00:00:01');
  expect(shown()).toContain('inet 172.18.0.1/16');
  expect(shown()).toMatch(/UP.* mtu 8950/);
  // As the engine had made it: no container is believed to be a router.
  expect(run(host.path, 'sysctl', '-n', 'net.ipv6.conf.docker_gwbridge.accept_ra').trim()).toBe('0');
  expect(log.warn.mock.calls.map(([, text]) => text)).toEqual(['repaired docker_gwbridge, which somebody had removed']);

  // The engine's own removal: nothing was on it.
  ip('link', 'delete', 'vetha');
  pass.kick('gwbridge');
  await new Promise((resolve) => setTimeout(resolve, 100));
  ip('link', 'delete', 'docker_gwbridge');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(ip('-br', 'link')).not.toContain('docker_gwbridge');
});

test('the guard is made, stays as it is while nothing happens, and comes back within the next look', async () => {
  const nft = (...args: string[]) => run(host.path, 'nft', ...args);
  const handle = () => /table ip tsoverlay-guard .*# handle (\d+)/.exec(nft('-a', 'list', 'ruleset'))?.[1];
  pass.kick('vxlanGuard');
  await expect.poll(handle).toBeDefined();
  const before = handle();
  pass.kick('vxlanGuard');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(handle()).toBe(before);
  nft('flush', 'ruleset');
  await expect.poll(handle, { timeout: 4_000 }).toBeDefined();
  await expect
    .poll(() => log.warn.mock.calls.map(([, text]) => text))
    .toEqual(['repaired the guard of UDP 4789, which somebody had removed']);
});
