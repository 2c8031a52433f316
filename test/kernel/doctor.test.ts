/** What doctor looks at in the real kernel: devices and rules that work, and where packets to other hosts leave. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { modules } from '../../src/doctor/checks/kernel/modules.js';
import { neighbours } from '../../src/doctor/checks/kernel/neighbours.js';
import { returnPath } from '../../src/doctor/checks/underlay/return-path.js';
import { Proc } from '../../src/doctor/looks/proc.js';
import { lookAtUnderlay } from '../../src/doctor/looks/underlay.js';
import { Rtnetlink } from '../../src/kernel/netlink/rtnetlink.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import type { NodeAddress } from '../../src/model/values/types.js';
import { raiseLimits } from '../lab/limits.js';
import { Bench, type Host, run } from './bench.js';

let bench: Bench;
let host: Host;
let socket: Rtnetlink;
beforeEach(() => {
  bench = new Bench();
  host = bench.host('one');
  bench.cable(host, bench.host('two', '10.0.0.2'), '10.0.0.1/24', '10.0.0.2/24');
  socket = withNamespace(host.path, () => new Rtnetlink());
});
afterEach(() => {
  socket.close();
  bench.close();
});

const ip = (line: string) => run(host.path, 'ip', ...line.split(' '));
const look = () => lookAtUnderlay(socket, '10.0.0.1', ['10.0.0.1', '10.0.0.2', '192.0.2.9']);

test('all that networks are made of works here, and nothing of the trial is left', async () => {
  const before = run('/proc/self/ns/net', 'ip', '-br', 'link');
  expect(await modules.examine(undefined)).toEqual([]);
  expect(run('/proc/self/ns/net', 'ip', '-br', 'link')).toBe(before);
});

test('the way to each host of the LAN is the LAN', async () => {
  ip('link add docker_gwbridge mtu 1400 type bridge');
  ip('address add 172.18.0.1/16 dev docker_gwbridge');
  expect(await look()).toMatchObject({
    link: 'eth0',
    ways: new Map([['10.0.0.2', { by: 'eth0', isRouted: false }]]),
    links: expect.arrayContaining([{ name: 'docker_gwbridge', kind: 'bridge', mtu: 1400, up: false }]),
    networks: expect.arrayContaining([{ link: 'docker_gwbridge', network: '172.18.0.0/16' }]),
  });
});

test('answers by another interface are found, where the filter is strict', async () => {
  ip('link add way1 type veth peer name way2');
  for (const link of ['way1', 'way2']) ip(`link set ${link} up`);
  ip('route add 10.0.0.2 dev way1');
  const underlay = await look();
  const filters = (all: number) =>
    new (class extends Proc {
      override number = (path: string) => (path === 'sys/net/ipv4/conf/all/rp_filter' ? all : 0);
    })();
  const found = (all: number) =>
    returnPath.examine({
      ...{ self: '10.0.0.1' as NodeAddress, proc: filters(all), vxlanGuard: 'off' },
      ...{ underlay: async () => underlay, probes: async () => [] },
    });
  expect(await found(2)).toEqual([]);
  expect((await found(1)).map(({ what }) => what)).toEqual([
    'what 10.0.0.2 sends comes in by eth0, answers leave by way1, and rp_filter of eth0 is strict',
  ]);
});

test('the way to a host behind a router is told as such', async () => {
  ip('route add 192.0.2.0/24 via 10.0.0.2');
  expect((await look()).ways.get('192.0.2.9')).toEqual({ by: 'eth0', isRouted: true });
  ip('link add way1 type bridge');
  ip('link set way1 up');
  ip('route replace 192.0.2.0/24 dev way1');
  expect((await look()).ways.get('192.0.2.9')).toEqual({ by: 'way1', isRouted: true });
});

test('an address without a network says nothing of where others come in', async () => {
  ip('address add 10.0.7.7/32 dev lo');
  expect(await lookAtUnderlay(socket, '10.0.7.7', ['10.0.0.2'])).toMatchObject({ link: 'lo', ways: new Map() });
});

test('a host without that address has no way to compare', async () => {
  expect(await lookAtUnderlay(socket, '10.9.9.9', ['10.0.0.2'])).toMatchObject({ link: undefined, ways: new Map() });
});

/** Those that are permanent are in nobody's way (from Linux 5.0 on), and are counted all the same. */
const isFirst = new Proc().text('net/stat/arp_cache') !== undefined;
test.runIf(isFirst)('a table of neighbours that is nearly full, whichever namespace fills it', async () => {
  raiseLimits();
  const found = async () => (await neighbours.examine({ proc: new Proc() })).map(({ what }) => what);
  expect(await found()).toEqual([]);
  ip('link add full up type bridge');
  const entries = Array.from(
    { length: 54_000 },
    (_, n) => `neigh add 10.99.${n >> 8}.${n & 255} lladdr 02:00:00:00:00:01 dev full nud permanent`,
  );
  execFileSync('nsenter', [`--net=${host.path}`, 'ip', '-batch', '-'], { input: entries.join('\n') });
  expect(await found()).toEqual([
    expect.stringMatching(/^the table of ipv4 neighbours has 5[4-9]\d{3} entries of 65536 at most$/),
  ]);
  ip('link delete full');
  await expect.poll(found).toEqual([]);
});
