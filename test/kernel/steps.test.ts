/** Every kind of step on a real kernel: what it leaves, twice in a row, and where nothing is there to remove. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Step } from '../../src/model/steps.js';
import type { Cidr, Ip, Mac } from '../../src/model/types.js';
import { Bench, type Host, NETWORK, NS, rows, run } from './bench.js';

const MAC = '02:42:ac:10:01:02' as Mac;
const PEER = '172.16.1.2' as Ip;
const GATEWAY = '172.16.1.254/24' as Cidr;

let bench: Bench;
let host: Host;
beforeEach(() => {
  bench = new Bench();
  host = bench.host('host');
});
afterEach(() => bench.close());

const twice = async (work: () => Promise<void>): Promise<void> => {
  await work();
  await work();
};
const link = (name: string, netns = host.inside) => rows(netns, 'ip', '-d', '-j', 'link', 'show', name)[0];
const names = (netns: string) => rows(netns, 'ip', '-j', 'link').map((l) => l.ifname);

describe('createNamespace', () => {
  test('leaves lo up and no IPv6 address anywhere', async () => {
    await twice(() => host.apply({ kind: 'createNamespace' }));
    expect(rows(host.inside, 'ip', '-j', 'address')).toMatchObject([
      { ifname: 'lo', flags: expect.arrayContaining(['UP']), addr_info: [{ local: '127.0.0.1' }] },
    ]);
    expect(run(host.inside, 'cat', '/proc/sys/net/ipv6/conf/default/disable_ipv6').trim()).toBe('1');
  });

  test('takes over the plain file of an unclean stop', async () => {
    writeFileSync(host.inside, '');
    expect(await host.kernel.observe(NS)).toBeUndefined();
    await host.apply({ kind: 'createNamespace' });
    expect((await host.kernel.observe(NS))?.links.map((l) => l.name)).toEqual(['lo']);
  });

  test('a namespace that was replaced behind our back is looked at anew', async () => {
    await host.network();
    execFileSync('umount', [host.inside]);
    expect(await host.kernel.observe(NS)).toBeUndefined();
    await host.network();
    expect(names(host.inside)).toEqual(['lo', 'br0', 'vxlan0']);
  });
});

describe('createBridge', () => {
  const create = () => host.apply({ kind: 'createBridge', link: 'br0', mtu: 1450, alias: NETWORK });
  beforeEach(() => host.apply({ kind: 'createNamespace' }));

  test('is the native br0, with the network id as its alias', async () => {
    await twice(create);
    expect(link('br0')).toMatchObject({
      mtu: 1450,
      ifalias: NETWORK,
      flags: expect.arrayContaining(['UP']),
      linkinfo: { info_kind: 'bridge', info_data: { stp_state: 0, vlan_filtering: 0, ageing_time: 30_000 } },
    });
  });

  test('keeps its MTU when the last port goes', async () => {
    await create();
    await host.port(0);
    await host.apply({ kind: 'removeLink', link: 'veth0' });
    expect(link('br0')).toMatchObject({ mtu: 1450 });
  });

  test('refuses a link that is no bridge', async () => {
    run(host.inside, 'ip', 'link', 'add', 'br0', 'type', 'veth', 'peer', 'name', 'other');
    await expect(create()).rejects.toMatchObject({ name: 'KernelError', code: 'EEXIST', errno: 17 });
  });
});

describe('createVxlan', () => {
  const create = (link: string, vni: number) =>
    host.apply({ kind: 'createVxlan', link, vni, mtu: 1450, master: 'br0' });
  beforeEach(async () => {
    await host.apply({ kind: 'createNamespace' });
    await host.apply({ kind: 'createBridge', link: 'br0', mtu: 1450, alias: NETWORK });
  });

  test('is the native vxlan0', async () => {
    await twice(() => create('vxlan0', 256));
    const native =
      'vxlan id 256 srcport 0 0 dstport 4789 proxy l2miss l3miss ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx';
    expect(run(host.inside, 'ip', '-d', 'link', 'show', 'vxlan0')).toContain(native);
    expect(link('vxlan0')).toMatchObject({
      mtu: 1450,
      master: 'br0',
      link_netnsid: 0,
      flags: expect.arrayContaining(['UP', 'LOWER_UP']),
      linkinfo: { info_data: { learning: true } },
    });
    expect(names(host.path)).toEqual(['lo']);
  });

  test('does not mind a vxlan0 of somebody else on the host', async () => {
    run(host.path, 'ip', 'link', 'add', 'vxlan0', 'type', 'vxlan', 'id', '9', 'dstport', '8472');
    await create('vxlan0', 256);
    expect(names(host.path)).toEqual(['lo', 'vxlan0']);
  });

  test('says EEXIST when another device has the VNI', async () => {
    run(host.path, 'ip', 'link', 'add', 'other', 'type', 'vxlan', 'id', '256', 'dstport', '4789');
    await expect(create('vxlan0', 256)).rejects.toMatchObject({
      verb: expect.stringContaining('vx-000100'),
      code: 'EEXIST',
    });
    expect(names(host.inside)).toEqual(['lo', 'br0']);
  });

  test('begins again after a death between birth and naming', async () => {
    run(
      host.path,
      'ip',
      'link',
      'add',
      'vx-000100',
      'netns',
      host.inside,
      'type',
      'vxlan',
      'id',
      '256',
      'dstport',
      '4789',
    );
    await create('vxlan0', 256);
    expect(names(host.inside)).toEqual(['lo', 'br0', 'vxlan0']);
  });

  test('a second subnet has its own', async () => {
    await create('vxlan0', 256);
    await create('vxlan1', 16_777_215);
    expect((await host.kernel.observe(NS))?.links.map((l) => l.vxlan?.vni)).toEqual([
      undefined,
      undefined,
      256,
      16_777_215,
    ]);
  });

  test('says ENODEV when its bridge is missing, and leaves nothing', async () => {
    await host.apply({ kind: 'removeLink', link: 'br0' });
    await expect(create('vxlan0', 256)).rejects.toMatchObject({ code: 'ENODEV' });
    expect(names(host.inside)).toEqual(['lo']);
  });
});

describe('createPort', () => {
  beforeEach(() => host.network());

  test('is a port of br0, its other end waits on the host', async () => {
    await twice(() => host.port(0, 'veth1a2b3c4'));
    expect(link('veth0')).toMatchObject({
      mtu: 1450,
      master: 'br0',
      ifalias: '0'.repeat(64),
      flags: expect.arrayContaining(['UP']),
      linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge' },
    });
    expect(link('veth1a2b3c4', host.path)).toMatchObject({ mtu: 1450, flags: expect.not.arrayContaining(['UP']) });
    expect(rows(host.inside, 'ip', '-j', 'address', 'show', 'veth0')).toMatchObject([{ addr_info: [] }]);
  });

  test('removes what has the name of the container end', async () => {
    run(host.path, 'ip', 'link', 'add', 'vethc0', 'type', 'veth', 'peer', 'name', 'stale');
    await host.port(0);
    expect(names(host.path)).toEqual(['lo', 'vethc0']);
    expect(link('veth0')).toMatchObject({ master: 'br0' });
  });

  test('begins again after a death before the alias was set', async () => {
    run(host.inside, 'ip', 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'vethc0', 'netns', host.path);
    await host.port(0);
    expect(link('veth0')).toMatchObject({ master: 'br0', ifalias: '0'.repeat(64) });
  });

  test('refuses a name that another endpoint has', async () => {
    await host.port(0);
    const other = { link: 'veth0', containerEnd: 'vethx', mtu: 1450, master: 'br0', alias: 'f'.repeat(64) };
    await expect(host.apply({ kind: 'createPort', ...other })).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe('repair', () => {
  beforeEach(() => host.network());

  test('setMtu, setUp and setMaster put a link right', async () => {
    run(host.inside, 'ip', 'link', 'set', 'vxlan0', 'down', 'nomaster', 'mtu', '1400');
    await twice(() => host.apply({ kind: 'setMtu', link: 'vxlan0', mtu: 1450 }));
    await twice(() => host.apply({ kind: 'setMaster', link: 'vxlan0', master: 'br0' }));
    await twice(() => host.apply({ kind: 'setUp', link: 'vxlan0' }));
    expect(link('vxlan0')).toMatchObject({ mtu: 1450, master: 'br0', flags: expect.arrayContaining(['UP']) });
  });

  test('a deleted device comes back', async () => {
    run(host.inside, 'ip', 'link', 'delete', 'vxlan0');
    await host.network();
    await host.peer(PEER, MAC, '10.0.0.2');
    expect((await host.kernel.observe(NS))?.fdb).toEqual([{ link: 'vxlan0', mac: MAC, vtep: '10.0.0.2' }]);
  });
});

describe('addAddress', () => {
  beforeEach(() => host.network());

  test('IPv4 with its broadcast address, and back', async () => {
    await twice(() => host.apply({ kind: 'addAddress', link: 'br0', address: GATEWAY }));
    expect(run(host.inside, 'ip', 'address', 'show', 'br0')).toContain(
      'inet 172.16.1.254/24 brd 172.16.1.255 scope global br0',
    );
    await twice(() => host.apply({ kind: 'removeAddress', link: 'br0', address: GATEWAY }));
    expect(run(host.inside, 'ip', 'address', 'show', 'br0')).not.toContain('inet');
  });

  test('IPv6 at once usable, on that link only', async () => {
    const address = 'fd00:1::fe/64' as Cidr;
    await twice(() => host.apply({ kind: 'addAddress', link: 'br0', address }));
    expect(run(host.inside, 'ip', 'address', 'show', 'br0')).toMatch(/inet6 fd00:1::fe\/64 scope global nodad/);
    expect(run(host.inside, 'ip', 'address', 'show', 'vxlan0')).not.toContain('inet6');
    expect((await host.kernel.observe(NS))?.addresses).toContainEqual({ link: 'br0', address });
    await twice(() => host.apply({ kind: 'removeAddress', link: 'br0', address }));
    expect(run(host.inside, 'ip', 'address', 'show', 'br0')).not.toContain('fd00');
  });
});

describe('peers', () => {
  beforeEach(() => host.network());
  const neighbours = () => run(host.inside, 'ip', 'neigh').trim();
  const fdb = () =>
    run(host.inside, 'bridge', 'fdb', 'show', 'dev', 'vxlan0')
      .split('\n')
      .filter((l) => l.includes('dst'));

  test('neighbour and FDB entry as the native driver writes them', async () => {
    await twice(() => host.peer(PEER, MAC, '10.0.0.71'));
    expect(neighbours()).toBe('172.16.1.2 dev vxlan0 lladdr 02:42:ac:10:01:02 PERMANENT');
    expect(fdb()).toEqual(['02:42:ac:10:01:02 dst 10.0.0.71 link-netnsid 0 self permanent']);
  });

  test('a container that moved gets one new entry, and removing the old one does not hurt it', async () => {
    await host.peer(PEER, MAC, '10.0.0.71');
    await host.peer(PEER, MAC, '10.0.0.72');
    await host.apply({ kind: 'removeFdb', link: 'vxlan0', mac: MAC, vtep: '10.0.0.71' });
    expect(fdb()).toEqual(['02:42:ac:10:01:02 dst 10.0.0.72 link-netnsid 0 self permanent']);
  });

  test('a learned or hand-made entry becomes ours', async () => {
    run(host.inside, 'bridge', 'fdb', 'add', MAC, 'dev', 'vxlan0', 'dst', '10.9.9.9', 'self', 'dynamic');
    run(host.inside, 'ip', 'neigh', 'add', PEER, 'lladdr', '02:00:00:00:00:01', 'dev', 'vxlan0', 'nud', 'stale');
    await host.peer(PEER, MAC, '10.0.0.71');
    expect(neighbours()).toBe('172.16.1.2 dev vxlan0 lladdr 02:42:ac:10:01:02 PERMANENT');
    expect(fdb()).toEqual(['02:42:ac:10:01:02 dst 10.0.0.71 link-netnsid 0 self permanent']);
  });

  test('both go', async () => {
    await host.peer(PEER, MAC, '10.0.0.71');
    await twice(() => host.apply({ kind: 'removeNeighbour', link: 'vxlan0', ip: PEER, mac: MAC }));
    await twice(() => host.apply({ kind: 'removeFdb', link: 'vxlan0', mac: MAC, vtep: '10.0.0.71' }));
    expect([neighbours(), fdb()]).toEqual(['', []]);
  });

  test('IPv6 neighbours, also where IPv6 is off', async () => {
    await host.apply({ kind: 'replaceNeighbour', link: 'vxlan0', ip: 'fd00:1::2' as Ip, mac: MAC });
    expect((await host.kernel.observe(NS))?.neighbours).toEqual([{ link: 'vxlan0', ip: 'fd00:1::2', mac: MAC }]);
  });

  test('IPv6 VTEPs, when the underlay is IPv6', async () => {
    const six = bench.host('six', 'fd00::1');
    await six.network();
    await six.peer(PEER, MAC, 'fd00::2');
    expect((await six.kernel.observe(NS))?.fdb).toEqual([{ link: 'vxlan0', mac: MAC, vtep: 'fd00::2' }]);
    await six.apply({ kind: 'removeFdb', link: 'vxlan0', mac: MAC, vtep: 'fd00::2' });
    expect((await six.kernel.observe(NS))?.fdb).toEqual([]);
  });
});

describe('removal', () => {
  test('leaves nothing, and the VNI is free at once', async () => {
    await host.network('172.16.1.254/24');
    await host.port(0);
    await host.peer(PEER, MAC, '10.0.0.71');
    await twice(() => host.apply({ kind: 'removeNamespace' }));
    run(host.path, 'ip', 'link', 'add', 'probe', 'type', 'vxlan', 'id', '256', 'dstport', '4789');
    run(host.path, 'ip', 'link', 'delete', 'probe');
    expect(await host.kernel.observe(NS)).toBeUndefined();
    await expect.poll(() => names(host.path)).toEqual(['lo']);
  });

  test('comes and goes many times', async () => {
    for (let round = 0; round < 5; round++) {
      await host.network();
      await host.port(0);
      await host.apply({ kind: 'removeNamespace' });
    }
    expect(await host.kernel.namespaces()).toEqual([]);
  });

  const removals: readonly Omit<Extract<Step, { link: string }>, 'ns' | 'reason'>[] = [
    { kind: 'removeLink', link: 'vxlan0' },
    { kind: 'removeAddress', link: 'br0', address: GATEWAY } as never,
    { kind: 'removeNeighbour', link: 'vxlan0', ip: PEER, mac: MAC } as never,
    { kind: 'removeFdb', link: 'vxlan0', mac: MAC, vtep: '10.0.0.71' } as never,
  ];
  test.each(removals)('$kind without the link, and without the namespace, is done', async (step) => {
    await host.apply(step as never);
    await host.apply({ kind: 'createNamespace' });
    await host.apply(step as never);
  });

  test('what makes something says ENOENT without the namespace', async () => {
    await expect(host.apply({ kind: 'setUp', link: 'br0' })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(host.network().then(() => host.apply({ kind: 'setUp', link: 'br7' }))).rejects.toMatchObject({
      verb: 'ip link set br7 up',
      code: 'ENODEV',
      errno: 19,
    });
  });
});
