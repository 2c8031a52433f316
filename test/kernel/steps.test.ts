/** The steps on what is there: repair, addresses, peers, and removal where there is nothing to remove. */
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cidr, Ip, Mac } from '../../src/model/values/types.js';
import { type BareStep, Bench, type Host, link, NS, names, run, twice } from './bench.js';

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

describe('repair', () => {
  beforeEach(() => host.network());

  test('setMtu, setUp and setMaster put a link right', async () => {
    run(host.inside, 'ip', 'link', 'set', 'vxlan0', 'down', 'nomaster', 'mtu', '1400');
    await twice(() => host.apply({ kind: 'setMtu', link: 'vxlan0', mtu: 1450 }));
    await twice(() => host.apply({ kind: 'setMaster', link: 'vxlan0', master: 'br0' }));
    await twice(() => host.apply({ kind: 'setUp', link: 'vxlan0' }));
    expect(link(host.inside, 'vxlan0')).toMatchObject({
      mtu: 1450,
      master: 'br0',
      flags: expect.arrayContaining(['UP']),
    });
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

  test('of several links at once: those, whether they are there or not, and no other', async () => {
    await host.network();
    for (let n = 0; n < 5; n++) await host.port(n);
    await twice(() =>
      Promise.all([0, 1, 2, 7].map((n) => host.apply({ kind: 'removeLink', link: `veth${n}` }))).then(() => {}),
    );
    expect(names(host.inside)).toEqual(['lo', 'br0', 'vxlan0', 'veth3', 'veth4']);
    expect(names(host.path)).toEqual(['lo', 'vethc3', 'vethc4']);
  });

  test('comes and goes many times without leaving a descriptor open', async () => {
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    for (let round = 0; round < 5; round++) {
      await host.network();
      await host.port(0);
      await host.kernel.observe(NS);
      await host.kernel.namespaces();
      await host.apply({ kind: 'removeNamespace' });
    }
    expect(await host.kernel.namespaces()).toEqual([]);
    // Vitest may open one of its own meanwhile.
    expect(descriptors()).toBeLessThan(before + 5);
  });

  const removals: readonly BareStep[] = [
    { kind: 'removeLink', link: 'vxlan0' },
    { kind: 'removeAddress', link: 'br0', address: GATEWAY },
    { kind: 'removeNeighbour', link: 'vxlan0', ip: PEER, mac: MAC },
    { kind: 'removeFdb', link: 'vxlan0', mac: MAC, vtep: '10.0.0.71' },
  ];
  test.each(removals)('$kind without the link, and without the namespace, is done', async (step) => {
    await host.apply(step);
    await host.apply({ kind: 'createNamespace' });
    await host.apply(step);
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
