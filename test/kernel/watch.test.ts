/** What a watched namespace tells, and that watching keeps nothing alive. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { damage, type Notice } from '../../src/model/diff/drift.js';
import type { NamespacePlan } from '../../src/model/plan/namespace-plan.js';
import type { Cidr, EndpointId, Ip, Mac, NetworkId, NodeAddress } from '../../src/model/values/types.js';
import { Bench, type Host, NETWORK, NS, run } from './bench.js';

const MAC = '02:42:ac:10:01:02' as Mac;
const OWN = '02:42:ac:10:01:01' as Mac;
const plan: NamespacePlan = {
  name: NS,
  network: NETWORK as NetworkId,
  bridges: [
    {
      name: 'br0',
      vxlan: 'vxlan0',
      vni: 256,
      local: '10.0.0.1' as NodeAddress,
      port: 4789,
      mtu: 1450,
      mac: '0e:00:00:00:00:01' as Mac,
      addresses: ['172.16.1.254/24' as Cidr],
    },
  ],
  ports: [
    {
      endpoint: '0'.repeat(64) as EndpointId,
      bridge: 'br0',
      containerEnd: 'vethc0',
      mtu: 1450,
      mac: OWN,
      addresses: [],
      end: 'engine',
    },
  ],
  floods: [],
  peers: [{ vxlan: 'vxlan0', ip: '172.16.1.2' as Ip, mac: MAC, vtep: '10.0.0.71' as NodeAddress }],
};

let bench: Bench;
let host: Host;
let told: Notice[];
const damages = () => told.flatMap((notice) => damage(plan, notice) ?? []);

beforeEach(async () => {
  bench = new Bench();
  host = bench.host('host');
  told = [];
  await host.network('172.16.1.254/24');
  await host.kernel.watch(NS, (notices) => told.push(...notices));
});
afterEach(() => bench.close());

test('our own steps are no damage, and neither are learned FDB entries', async () => {
  await host.port(0);
  await host.apply({ kind: 'replaceStatic', link: 'veth0', mac: OWN });
  await host.peer('172.16.1.2', MAC, '10.0.0.71');
  run(host.inside, 'bridge', 'fdb', 'add', '02:00:00:00:00:06', 'dev', 'vxlan0', 'master', 'dynamic');
  await sleep(100);
  expect(told.length).toBeGreaterThan(3);
  expect(damages()).toEqual([]);
});

describe('told is', () => {
  beforeEach(async () => {
    await host.port(0);
    await host.apply({ kind: 'replaceStatic', link: 'veth0', mac: OWN });
    await host.peer('172.16.1.2', MAC, '10.0.0.71');
    await sleep(50);
    told = [];
  });

  test.each([
    ['ip link delete vxlan0', 'vxlan0 is gone'],
    ['ip link set br0 down', 'br0 is down'],
    ['ip link set vxlan0 mtu 1400', 'vxlan0 has MTU 1400'],
    ['ip link set veth0 nomaster', 'veth0 has no master'],
    ['ip link delete veth0', 'veth0 is gone'],
    ['ip link set veth0 type bridge_slave learning on', 'veth0 learns MACs'],
    ['bridge link set dev veth0 flood on', 'veth0 gets what is for unknown MACs'],
    ['bridge link set dev vxlan0 flood on', 'vxlan0 gets what is for unknown MACs'],
    [`bridge fdb delete ${MAC} dev vxlan0 master`, `static FDB entry ${MAC} on vxlan0 is gone`],
    ['ip link set vxlan0 type vxlan learning', 'vxlan0 learns MACs'],
    ['ip link set br0 type bridge mcast_snooping 1', 'br0 snoops'],
    [`bridge fdb delete ${OWN} dev veth0 master`, `static FDB entry ${OWN} on veth0 is gone`],
    [`bridge fdb replace ${OWN} dev vxlan0 master static`, `static FDB entry ${OWN} on vxlan0 is not planned`],
    ['ip address delete 172.16.1.254/24 dev br0', '172.16.1.254/24 on br0 is gone'],
    ['ip address add 172.16.1.9/24 dev br0', '172.16.1.9/24 on br0 is not planned'],
    ['ip neigh delete 172.16.1.2 dev vxlan0', 'neighbour 172.16.1.2 on vxlan0 has no permanent MAC'],
    [
      'ip neigh replace 172.16.1.2 lladdr 02:00:00:00:00:01 dev vxlan0 nud permanent',
      'neighbour 172.16.1.2 on vxlan0 has 02:00:00:00:00:01 MAC',
    ],
    [`bridge fdb delete ${MAC} dev vxlan0 dst 10.0.0.71 self`, `FDB entry ${MAC} to 10.0.0.71 on vxlan0 is gone`],
    [
      `bridge fdb replace ${MAC} dev vxlan0 dst 10.0.0.9 self permanent`,
      `FDB entry ${MAC} to 10.0.0.9 on vxlan0 is not planned`,
    ],
  ])('%s', async (command, words) => {
    run(host.inside, ...command.split(' '));
    await expect.poll(damages).toContain(words);
  });

  test('what happens to the neighbours of a VXLAN device that was made anew', async () => {
    run(host.inside, 'ip', 'link', 'delete', 'vxlan0');
    await host.network();
    await sleep(50);
    await host.peer('172.16.1.2', MAC, '10.0.0.71');
    await sleep(50);
    told = [];
    run(host.inside, 'ip', 'neigh', 'delete', '172.16.1.2', 'dev', 'vxlan0');
    await expect.poll(damages).toContain('neighbour 172.16.1.2 on vxlan0 has no permanent MAC');
  });

  test('a file that was unmounted', async () => {
    execFileSync('umount', [host.inside]);
    await expect.poll(damages, { timeout: 4_000 }).toContain("the namespace's file is not mounted any more");
  });
});

test('a watched namespace ends with its removal', async () => {
  run(host.path, 'ip', 'link', 'add', 'probe', 'type', 'veth', 'peer', 'name', 'end', 'netns', host.inside);
  await host.apply({ kind: 'removeNamespace' });
  await expect.poll(() => run(host.path, 'ip', '-br', 'link')).not.toContain('probe');
});

test('watching and removing many times leaves no descriptor open', async () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  await host.apply({ kind: 'removeNamespace' });
  const before = descriptors();
  for (let n = 0; n < 20; n++) {
    await host.network();
    await host.kernel.watch(NS, () => {});
    await host.apply({ kind: 'removeNamespace' });
  }
  await expect.poll(descriptors).toBeLessThanOrEqual(before);
});
