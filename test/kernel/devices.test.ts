/** The steps that make a namespace and its devices: what they leave, twice in a row, and after a death halfway. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNamespace, removeNamespace } from '../../src/kernel/system/netns.js';
import type { Cidr, Ip, Mac } from '../../src/model/values/types.js';
import { Bench, type Host, link, NETWORK, NS, names, rows, run, twice } from './bench.js';

let bench: Bench;
let host: Host;
beforeEach(() => {
  bench = new Bench();
  host = bench.host('host');
});
afterEach(() => bench.close());

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

  test('a namespace that was unmounted behind our back is mounted again, with all that is in it', async () => {
    await host.network();
    await host.port(0);
    execFileSync('umount', [host.inside]);
    expect(await host.kernel.observe(NS)).toMatchObject({ unmounted: true });
    await twice(() => host.apply({ kind: 'mountNamespace' }));
    expect(names(host.inside)).toEqual(['lo', 'br0', 'vxlan0', 'veth0']);
    expect(await host.kernel.observe(NS)).not.toHaveProperty('unmounted');
  });

  test('a namespace that was replaced behind our back is looked at anew', async () => {
    await host.network();
    removeNamespace(host.inside);
    createNamespace(host.inside);
    expect((await host.kernel.observe(NS))?.links.map((l) => l.name)).toEqual(['lo']);
    await host.network();
    expect(names(host.inside)).toEqual(['lo', 'br0', 'vxlan0']);
  });
});

describe('createBridge', () => {
  const create = () =>
    host.apply({ kind: 'createBridge', link: 'br0', mtu: 1450, mac: '0e:00:00:00:00:01' as Mac, alias: NETWORK });
  beforeEach(() => host.apply({ kind: 'createNamespace' }));

  test('is the native br0, with the network id as its alias', async () => {
    await twice(create);
    expect(link(host.inside, 'br0')).toMatchObject({
      mtu: 1450,
      ifalias: NETWORK,
      flags: expect.arrayContaining(['UP']),
      linkinfo: {
        info_kind: 'bridge',
        info_data: { stp_state: 0, vlan_filtering: 0, ageing_time: 30_000, mcast_snooping: 0 },
      },
    });
  });

  test('keeps its MTU when the last port goes', async () => {
    await create();
    await host.port(0);
    await host.apply({ kind: 'removeLink', link: 'veth0' });
    expect(link(host.inside, 'br0')).toMatchObject({ mtu: 1450 });
  });

  test('keeps its MAC while ports come and go: the gateway’s is never forgotten', async () => {
    await create();
    await host.port(0);
    run(host.inside, 'ip', 'link', 'set', 'veth0', 'address', '00:00:00:00:00:02');
    expect(link(host.inside, 'br0')).toMatchObject({ address: '0e:00:00:00:00:01' });
    await host.apply({ kind: 'removeLink', link: 'veth0' });
    expect(link(host.inside, 'br0')).toMatchObject({ address: '0e:00:00:00:00:01' });
  });

  test('gets its MAC where an older build made it', async () => {
    run(host.inside, 'ip', 'link', 'add', 'br0', 'type', 'bridge');
    await create();
    expect(link(host.inside, 'br0')).toMatchObject({ address: '0e:00:00:00:00:01' });
  });

  test('refuses a link that is no bridge', async () => {
    run(host.inside, 'ip', 'link', 'add', 'br0', 'type', 'veth', 'peer', 'name', 'other');
    await expect(create()).rejects.toMatchObject({ name: 'KernelError', code: 'EEXIST', errno: 17 });
  });
});

describe('createVxlan', () => {
  const create = (link: string, vni: number) =>
    host.apply({
      kind: 'createVxlan',
      link,
      vni,
      mtu: 1450,
      master: 'br0',
      local: host.vtep,
      port: 4789,
    });
  beforeEach(async () => {
    await host.apply({ kind: 'createNamespace' });
    await host.apply({ kind: 'createBridge', link: 'br0', mtu: 1450, mac: '0e:00:00:00:00:01' as Mac, alias: NETWORK });
  });

  test('is the native vxlan0, but learns and tells nothing', async () => {
    await twice(() => create('vxlan0', 256));
    const told =
      'vxlan id 256 local 10.0.0.1 srcport 0 0 dstport 4789 nolearning proxy ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx';
    expect(run(host.inside, 'ip', '-d', 'link', 'show', 'vxlan0')).toContain(told);
    expect(link(host.inside, 'vxlan0')).toMatchObject({
      mtu: 1450,
      master: 'br0',
      link_netnsid: 0,
      flags: expect.arrayContaining(['UP', 'LOWER_UP']),
      linkinfo: {
        info_data: { learning: false, proxy: true },
        info_slave_data: { learning: false, flood: false, bcast_flood: true, mcast_flood: true },
      },
    });
    expect(names(host.path)).toEqual(['lo']);
  });

  test('does not mind a vxlan0 of somebody else on the host', async () => {
    run(host.path, 'ip', 'link', 'add', 'vxlan0', 'type', 'vxlan', 'id', '9', 'dstport', '8472');
    await create('vxlan0', 256);
    expect(names(host.path)).toEqual(['lo', 'vxlan0']);
  });

  test('says who has the VNI when another device has it', async () => {
    run(host.path, 'ip', 'link', 'add', 'other', 'type', 'vxlan', 'id', '256', 'dstport', '4789');
    await expect(create('vxlan0', 256)).rejects.toThrow('VNI 256 is in use by other');
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
    expect(link(host.inside, 'veth0')).toMatchObject({
      mtu: 1450,
      master: 'br0',
      ifalias: '0'.repeat(64),
      flags: expect.arrayContaining(['UP']),
      linkinfo: {
        info_kind: 'veth',
        info_slave_kind: 'bridge',
        info_slave_data: { learning: false, flood: false, bcast_flood: true, mcast_flood: true },
      },
    });
    expect(link(host.path, 'veth1a2b3c4')).toMatchObject({ mtu: 1450, flags: expect.not.arrayContaining(['UP']) });
    expect(rows(host.inside, 'ip', '-j', 'address', 'show', 'veth0')).toMatchObject([{ addr_info: [] }]);
  });

  test('removes what has the name of the container end', async () => {
    run(host.path, 'ip', 'link', 'add', 'vethc0', 'type', 'veth', 'peer', 'name', 'stale');
    await host.port(0);
    expect(names(host.path)).toEqual(['lo', 'vethc0']);
    expect(link(host.inside, 'veth0')).toMatchObject({ master: 'br0' });
  });

  test('begins again after a death before the alias was set', async () => {
    run(host.inside, 'ip', 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'vethc0', 'netns', host.path);
    await host.port(0);
    expect(link(host.inside, 'veth0')).toMatchObject({ master: 'br0', ifalias: '0'.repeat(64) });
  });

  test('becomes the card of a container that has lost it', async () => {
    const sandbox = bench.namespace('container');
    run(sandbox, 'ip', 'link', 'add', 'eth1', 'type', 'bridge');
    const card = {
      sandbox,
      mac: '02:42:ac:10:01:05' as Mac,
      addresses: ['172.16.1.5/24', 'fd00::5/64'] as Cidr[],
      routes: [{ to: '172.16.2.0/24' as Cidr, via: '172.16.1.254' as Ip }],
    };
    const alias = 'c'.repeat(64);
    const step = {
      kind: 'createPort',
      link: 'veth0',
      containerEnd: 'vethc0',
      mtu: 1450,
      master: 'br0',
      alias,
      card,
    } as const;
    // Dead before the alias was set: half a pair, whose other end is in the container already.
    run(host.inside, 'ip', 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', sandbox);
    await host.apply(step);
    expect(link(host.inside, 'veth0')).toMatchObject({ master: 'br0', ifalias: alias, operstate: 'UP' });
    expect(link(sandbox, 'eth0')).toMatchObject({ address: card.mac, mtu: 1450, operstate: 'UP' });
    const addresses = rows(sandbox, 'ip', '-j', 'address', 'show', 'eth0')[0]?.addr_info;
    expect(addresses).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ local: '172.16.1.5', prefixlen: 24 }),
        expect.objectContaining({ local: 'fd00::5', prefixlen: 64 }),
      ]),
    );
    expect(run(sandbox, 'ip', 'route')).toContain('172.16.2.0/24 via 172.16.1.254 dev eth0');
    await host.apply(step);
    expect(names(sandbox)).toEqual(['lo', 'eth1', 'eth0']);
  });

  test('refuses a name that another endpoint has', async () => {
    await host.port(0);
    const other = { link: 'veth0', containerEnd: 'vethx', mtu: 1450, master: 'br0', alias: 'f'.repeat(64) };
    await expect(host.apply({ kind: 'createPort', ...other })).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
