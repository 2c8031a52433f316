/** IPv6: beside IPv4, alone, and below VXLAN. */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_VERSIONS } from '../cache.js';
import { within } from '../waiting.js';
import { lines, OURS, Site } from './site.js';

const SUPPORTED = ENGINE_VERSIONS.filter((v) => v !== '20.10.5');
const V6 = '--ipv6 --subnet fd00:1::/64';

/** The engine enables IPv6 on a card a moment before its address may be used. */
const reaches = (site: Site, host: number, from: string, to: string) =>
  within(3_000, `${from} reaches ${to}`, () => site.succeeds(host, `exec ${from} ping -6 -c1 -W1 ${to}`));

describe.each(SUPPORTED)('dual stack on %s', (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine });
  });
  afterAll(() => site?.lab.down());
  afterEach(() => site.clear());

  it('both families across hosts, with names and a static address', async () => {
    await site.network('dual', `${OURS} --subnet 172.16.1.0/24 ${V6}`);
    await site.run(1, 'd1', '--net dual');
    await site.run(2, 'd2', '--net dual --ip6 fd00:1::42');
    expect(await site.address(1, 'd1', 'dual', 'GlobalIPv6Address')).toBe('fd00:1::2');
    expect(await site.ping(1, 'd1', 'd2')).toBe(true);
    await reaches(site, 1, 'd1', 'fd00:1::42');
    await reaches(site, 2, 'd2', 'd1');
    expect(await site.lookUp(1, 'd1', 'd2')).toEqual(expect.arrayContaining(['172.16.1.3', 'fd00:1::42']));
    expect(await site.exec(2, 'd2', 'cat /sys/class/net/eth0/address')).toBe('02:42:ac:10:01:03');
    // On one host too, and again at another place.
    await site.run(1, 'd3', '--net dual');
    await reaches(site, 1, 'd1', 'd3');
    await site.docker(2, 'rm -f d2');
    // Its MAC is another one, after its IPv4 address; engines before 28 tell nobody, and a neighbour believes
    // what it knows for up to 45 s (ndisc's reachable time) before it asks anew.
    await site.run(1, 'd4', '--net dual --ip6 fd00:1::42');
    await within(70_000, 'd1 has found out', () => site.succeeds(1, 'exec d1 ping -6 -c1 -W1 fd00:1::42'));
    expect(await site.refusal(2, 'run --rm --net dual --ip6 fd00:1::42 busybox true')).toContain(
      'tsoverlay: address fd00:1::42 is already held by container d4 on host docker01',
    );
    expect((await site.lab.consul.keys('tsoverlay/addresses/fd00:1::-64/')).length).toBe(4);
  });

  it('gateways of both families are on the bridge of every host', async () => {
    await site.network('dual', `${OURS} --subnet 172.16.1.0/24 ${V6} --gateway 172.16.1.254 --gateway fd00:1::fe`);
    await site.run(1, 'g1', '--net dual');
    await site.run(2, 'g2', '--net dual');
    await reaches(site, 1, 'g1', 'fd00:1::fe');
    await reaches(site, 2, 'g2', 'fd00:1::fe');
    expect(await site.ping(2, 'g2', '172.16.1.254')).toBe(true);
  });
});

describe('IPv6 alone, on 28', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine: '28.5.2' });
  });
  afterAll(() => site?.lab.down());
  afterEach(() => site.clear());

  it('reaches and finds the other host', async () => {
    await site.network('six', `${OURS} --ipv4=false ${V6}`);
    await site.run(1, 's1', '--net six');
    await site.run(2, 's2', '--net six');
    await reaches(site, 1, 's1', 's2');
    expect(await site.lookUp(1, 's1', 's2')).toEqual(['fd00:1::3']);
  });

  it('without a subnet gets one of ours', async () => {
    await site.network('six', `${OURS} --ipv4=false --ipv6`);
    await site.network('dual', `${OURS} --ipv6`);
    await site.run(1, 's1', '--net six');
    await site.run(2, 's2', '--net six');
    await site.docker(1, 'network connect dual s1');
    await site.docker(2, 'network connect dual s2');
    await reaches(site, 1, 's1', 's2.six');
    await reaches(site, 2, 's2', 's1.dual');
    expect(await site.address(1, 's1', 'six', 'GlobalIPv6Address')).toMatch(/^fd74:736f:7665:/);
  });

  it("with the creating engine's own IPAM", async () => {
    await site.network('plain', `-d tsoverlay --subnet 172.16.5.0/24 --ipv6 --subnet fd00:5::/64`);
    await site.run(1, 's1', '--net plain');
    await site.run(2, 's2', '--net plain');
    await reaches(site, 1, 's1', 's2');
    await reaches(site, 2, 's2', 's1');
    expect(await site.ping(2, 's2', 's1')).toBe(true);
  });
});

describe('an IPv6 underlay', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ plugin: false });
    for (const [i, host] of site.lab.hosts.entries()) {
      await host.run('ip', 'address', 'add', `fd00:cafe::6${i}/64`, 'dev', 'eth0', 'nodad');
      await host.plugin.start({ CLUSTER_ADVERTISE: `fd00:cafe::6${i}` });
    }
  });
  afterAll(() => site?.lab.down());
  afterEach(() => site.clear());

  it('carries both families, with 70 bytes less', async () => {
    await site.network('over6', `${OURS} --subnet 172.16.1.0/24 ${V6}`);
    await site.run(1, 'u1', '--net over6');
    await site.run(2, 'u2', '--net over6');
    expect(await site.exec(1, 'u1', 'cat /sys/class/net/eth0/mtu')).toBe('1430');
    expect([await site.ping(1, 'u1', 'u2'), await site.ping(2, 'u2', 'u1')]).toEqual([true, true]);
    await reaches(site, 1, 'u1', 'u2');
    // A whole frame, not to be fragmented, fits the underlay.
    expect(await site.succeeds(1, 'exec u1 ping -c1 -W2 -s 1402 u2')).toBe(true);
    await site.docker(1, 'network rm over6').catch(() => undefined);
  });

  it('and an IPv4 underlay cannot reach each other, which each host says once', async () => {
    const told = async (host: number) => {
      const log = await readFile(site.lab.host(host).plugin.log(), 'utf8');
      return lines(log).filter((line) => line.includes('containers of the two cannot reach each other'));
    };
    await site.lab.host(2).plugin.restart({ CLUSTER_ADVERTISE: '10.0.0.61' });
    for (const host of [1, 2]) await within(5_000, `host ${host} says so`, async () => (await told(host)).length === 1);
    expect((await told(1))[0]).toContain(
      'host docker02 advertises 10.0.0.61 and this host fd00:cafe::60: containers of the two cannot reach each other; set CLUSTER_ADVERTISE to addresses of one family on all hosts',
    );
    expect((await told(2))[0]).toContain('host docker01 advertises fd00:cafe::60 and this host 10.0.0.61');
    await site.lab.host(2).plugin.restart({ CLUSTER_ADVERTISE: 'fd00:cafe::61' });
    await site.network('again', OURS);
    expect(await told(1)).toHaveLength(1);
  });
});
