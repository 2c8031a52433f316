/** What LinuxKernel finds: our namespaces among others', a network as a whole, and the host around it. */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NAMESPACE_SYSCTLS } from '../../src/model/plan/sysctls.js';
import type { Ip, Mac } from '../../src/model/values/types.js';
import { Bench, type Host, NETWORK, NS, run } from './bench.js';

let bench: Bench;
let host: Host;
beforeEach(() => {
  bench = new Bench();
  host = bench.host('host');
});
afterEach(() => bench.close());

const ip = (...args: string[]) => run(host.path, 'ip', ...args);

describe('namespaces', () => {
  test('only those whose br0 carries the id that the name begins', async () => {
    await host.network();
    const foreign = bench.namespace('host.netns/1-0123456789');
    run(foreign, 'ip', 'link', 'add', 'br0', 'type', 'bridge');
    run(foreign, 'ip', 'link', 'set', 'br0', 'alias', NETWORK);
    bench.namespace('host.netns/1-9999999999');
    bench.namespace('host.netns/dfb82262a3c3');
    writeFileSync(`${host.netnsDir}/1-1111111111`, '');
    expect(await host.kernel.namespaces()).toEqual([NS]);
  });

  test('does not keep a foreign namespace alive', async () => {
    const foreign = bench.namespace('host.netns/1-0123456789');
    run(foreign, 'ip', 'link', 'add', 'br0', 'type', 'bridge');
    run(host.path, 'ip', 'link', 'add', 'watch', 'type', 'veth', 'peer', 'name', 'end', 'netns', foreign);
    await host.kernel.namespaces();
    execFileSync('umount', [foreign]);
    await expect.poll(() => ip('-br', 'link')).not.toContain('watch');
  });

  test('none before the engine has made its folder', async () => {
    execFileSync('rmdir', [host.netnsDir]);
    expect(await host.kernel.namespaces()).toEqual([]);
    await host.apply({ kind: 'createNamespace' });
  });
});

test('observe tells a whole network', async () => {
  await host.network('172.16.1.254/24');
  await host.port(0);
  await host.peer('172.16.1.2', '02:42:ac:10:01:02', '10.0.0.71');
  // None of these is a wish of ours.
  run(host.inside, 'ip', 'neigh', 'add', '172.16.1.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'br0', 'nud', 'permanent');
  run(host.inside, 'ip', 'neigh', 'add', '172.16.1.8', 'lladdr', '02:00:00:00:00:08', 'dev', 'vxlan0', 'nud', 'stale');
  run(host.inside, 'bridge', 'fdb', 'add', '02:00:00:00:00:07', 'dev', 'vxlan0', 'dst', '10.0.0.9', 'self', 'dynamic');
  run(host.inside, 'bridge', 'fdb', 'add', '02:00:00:00:00:06', 'dev', 'vxlan0', 'master', 'static');

  const seen = await host.kernel.observe(NS);
  for (const mac of ['02:42:ac:10:01:02', '02:00:00:00:00:06'])
    expect(seen?.statics).toContainEqual({ link: 'vxlan0', mac });
  const link = { index: expect.any(Number), up: true, mac: expect.stringMatching(/^(..:){5}..$/), alias: '' };
  expect(seen).toEqual({
    name: NS,
    sysctls: NAMESPACE_SYSCTLS,
    links: [
      { ...link, name: 'lo', kind: '', mtu: 65_536, master: '' },
      { ...link, name: 'br0', kind: 'bridge', mtu: 1450, master: '', alias: NETWORK, bridge: { snooping: false } },
      {
        ...link,
        name: 'vxlan0',
        kind: 'vxlan',
        mtu: 1450,
        master: 'br0',
        vxlan: { vni: 256, port: 4789, local: '10.0.0.1', learning: false, proxy: true },
        port: { learning: false, flood: false },
      },
      {
        ...link,
        name: 'veth0',
        kind: 'veth',
        mtu: 1450,
        master: 'br0',
        alias: '0'.repeat(64),
        port: { learning: false, flood: false },
      },
    ],
    addresses: [
      { link: 'lo', address: '127.0.0.1/8' },
      { link: 'br0', address: '172.16.1.254/24' },
    ],
    neighbours: [{ link: 'vxlan0', ip: '172.16.1.2', mac: '02:42:ac:10:01:02' }],
    fdb: [{ link: 'vxlan0', mac: '02:42:ac:10:01:02', vtep: '10.0.0.71' }],
    // In the order of a hash.
    statics: expect.toSatisfy((found: readonly object[]) => found.length === 2),
    filters: [],
  });
});

test('observations and steps may run at the same time', async () => {
  await host.network();
  const work = Array.from({ length: 50 }, (_, n) => [
    host.peer(`172.16.1.${n + 1}`, `02:42:ac:10:01:${(n + 1).toString(16).padStart(2, '0')}`, '10.0.0.71'),
    host.kernel.observe(NS),
  ]);
  await Promise.all(work.flat());
  const seen = await host.kernel.observe(NS);
  expect([seen?.neighbours.length, seen?.fdb.length]).toEqual([50, 50]);
});

test('a dump that the kernel interrupts is asked for again', async () => {
  await host.network();
  // So many that they take several datagrams: a dump can be interrupted only between two of them.
  const crowd = Array.from({ length: 100 }, (_, n) => `crowd${n}`);
  const batch = crowd.map((name) => `link add ${name} type bridge`).join('\n');
  execFileSync('nsenter', [`--net=${host.inside}`, 'ip', '-batch', '-'], { input: batch });
  const script = `${host.netnsDir}/churn`;
  writeFileSync(script, 'link add churn type bridge\nlink delete churn\n'.repeat(20_000));
  const churn = spawn('nsenter', [`--net=${host.inside}`, 'ip', '-force', '-batch', script], { stdio: 'ignore' });
  try {
    for (let n = 0; n < 50; n++) {
      const seen = (await host.kernel.observe(NS))?.links.map((l) => l.name).filter((l) => l !== 'churn');
      expect(seen).toEqual(['lo', 'br0', 'vxlan0', ...crowd]);
    }
  } finally {
    churn.kill();
  }
});

test('an answer that came while the process was busy is not too late', async () => {
  await host.network();
  const seen = host.kernel.observe(NS);
  const start = performance.now();
  await Promise.resolve();
  while (performance.now() - start < 2100);
  expect((await seen)?.links).toHaveLength(3);
});

describe('hostFacts', () => {
  beforeEach(() => {
    ip('link', 'add', 'eth0', 'mtu', '8950', 'type', 'bridge');
    ip('link', 'set', 'eth0', 'up');
    ip('address', 'add', '10.0.0.1/24', 'dev', 'eth0');
  });

  test('MTU of the advertised interface, and every network that has an owner', async () => {
    ip('address', 'add', 'fd00:0:0:1::1/64', 'dev', 'eth0', 'nodad');
    ip('route', 'add', 'default', 'via', '10.0.0.254');
    ip('route', 'add', '192.168.7.0/24', 'via', '10.0.0.254');
    ip('route', 'add', 'blackhole', '10.99.0.0/16');
    ip('route', 'add', '10.98.0.0/16', 'dev', 'eth0', 'table', '77');
    ip('route', 'add', '169.254.0.0/16', 'dev', 'eth0');
    ip('address', 'add', '192.0.2.7/32', 'dev', 'lo');
    expect(await host.kernel.hostFacts()).toEqual({
      underlayMtu: 8950,
      hasGwbridge: false,
      gwbridgeNetworks: [],
      routes: ['10.0.0.0/24', '10.99.0.0/16', '192.0.2.7/32', '192.168.7.0/24', 'fd00:0:0:1::/64'],
    });
  });

  test('docker_gwbridge', async () => {
    ip('link', 'add', 'docker_gwbridge', 'type', 'bridge');
    ip('address', 'add', '172.18.0.1/16', 'dev', 'docker_gwbridge');
    ip('link', 'set', 'docker_gwbridge', 'up');
    const { hasGwbridge, gwbridgeNetworks, routes } = await host.kernel.hostFacts();
    expect(gwbridgeNetworks).toEqual(['172.18.0.0/16']);
    expect(hasGwbridge).toBe(true);
    expect(routes).toContain('172.18.0.0/16');
  });

  test('an address on lo, of a host that routes: the MTU of the narrowest way out', async () => {
    const mtu = async () => (await host.kernel.hostFacts()).underlayMtu;
    ip('address', 'delete', '10.0.0.1/24', 'dev', 'eth0');
    ip('address', 'add', '10.0.0.1/32', 'dev', 'lo');
    ip('link', 'set', 'lo', 'up');
    expect(await mtu(), 'no way out').toBe(1500);
    ip('address', 'add', '10.1.0.1/24', 'dev', 'eth0');
    ip('route', 'add', 'default', 'via', '10.1.0.254');
    expect(await mtu()).toBe(8950);
    ip('link', 'add', 'eth1', 'mtu', '4000', 'type', 'bridge');
    ip('link', 'set', 'eth1', 'up');
    ip('address', 'add', '10.2.0.1/24', 'dev', 'eth1');
    ip('route', 'replace', 'default', 'nexthop', 'via', '10.1.0.254', 'nexthop', 'via', '10.2.0.254');
    expect(await mtu(), 'two ways').toBe(4000);
  });

  test('says ENODEV when no interface has the address', async () => {
    ip('address', 'delete', '10.0.0.1/24', 'dev', 'eth0');
    await expect(host.kernel.hostFacts()).rejects.toMatchObject({
      verb: 'ip address show to 10.0.0.1',
      code: 'ENODEV',
    });
  });
});

test('figures: a network of 500 peers', async () => {
  await host.network('172.16.0.1/16');
  const peers = Array.from({ length: 500 }, (_, i) => {
    const [high, low] = [1 + (i >> 8), i & 255];
    const mac = `02:42:ac:10:${high.toString(16).padStart(2, '0')}:${low.toString(16).padStart(2, '0')}`;
    return { ip: `172.16.${high}.${low}` as Ip, mac: mac as Mac };
  });
  const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const start = performance.now();
    await work();
    console.log(`${what}: ${(performance.now() - start).toFixed(1)} ms`);
  };
  await timed('observe, no peers, cold', () => host.kernel.observe(NS));
  await timed('observe, no peers', () => host.kernel.observe(NS));
  await timed('write 500 neighbours and 500 FDB entries', async () => {
    for (const { ip, mac } of peers) await host.peer(ip, mac, '10.0.0.71');
  });
  await timed('observe, 500 peers', () => host.kernel.observe(NS));
  await timed('observe, 500 peers, again', () => host.kernel.observe(NS));
  await timed('createPort', () => host.port(0));
  await timed('removeLink of a port', () => host.apply({ kind: 'removeLink', link: 'veth0' }));
  const seen = await host.kernel.observe(NS);
  expect([seen?.neighbours.length, seen?.fdb.length]).toEqual([500, 500]);
  await timed('removeNamespace', () => host.apply({ kind: 'removeNamespace' }));
  await timed('namespace, bridge, VXLAN device', () => host.network('172.16.0.1/16'));
});
