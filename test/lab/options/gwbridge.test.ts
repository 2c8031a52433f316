/** docker_gwbridge: made as the settings say when we are first, left alone when it is the user's own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_VERSIONS } from '../cache.js';
import { OUTSIDE } from '../lan.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

const SUPPORTED = ENGINE_VERSIONS.filter((v) => v !== '20.10.5');

let site: Site;
beforeAll(async () => {
  site = await Site.boot({ plugin: false });
});
afterAll(() => site?.lab.down());

const field = (host: number, format: string) => site.docker(host, `network inspect --format ${format} docker_gwbridge`);
const mtu = (host: number) => site.lab.host(host).run('cat', '/sys/class/net/docker_gwbridge/mtu');

describe('docker_gwbridge', () => {
  it('has the subnet and the MTU of the settings where there was none', async () => {
    await site.lab.host(1).plugin.start({ GWBRIDGE_SUBNET: '172.31.0.0/16', GWBRIDGE_MTU: '1400' });
    await within(5_000, 'it is there', () => site.succeeds(1, 'network inspect docker_gwbridge'));
    expect(await field(1, "'{{(index .IPAM.Config 0).Subnet}}'")).toBe('172.31.0.0/16');
    await site.docker(1, `network create ${OURS} --subnet 172.16.1.0/24 one`);
    await site.run(1, 'g1', '--net one -p 8080:80');
    expect(await site.exec(1, 'g1', 'ip addr show eth1')).toContain('inet 172.31.0.2/16');
    expect(await site.ping(1, 'g1', OUTSIDE)).toBe(true);
    await within(2_000, 'its MTU is 1400', async () => (await mtu(1)) === '1400');
  });

  it("is the user's own where there is one", async () => {
    const options = '-o com.docker.network.bridge.name=docker_gwbridge -o com.docker.network.bridge.enable_icc=false';
    await site.docker(2, `network create --subnet 172.29.0.0/16 ${options} docker_gwbridge`);
    await site.lab.host(2).run('ip', 'link', 'set', 'docker_gwbridge', 'mtu', '1450');
    await site.lab.host(2).plugin.start({ GWBRIDGE_SUBNET: '172.31.0.0/16', GWBRIDGE_MTU: 'keep' });
    await site.has(2, 'one');
    await site.run(2, 'g2', '--net one');
    expect(await site.exec(2, 'g2', 'ip addr show eth1')).toContain('inet 172.29.0.2/16');
    expect([await site.ping(2, 'g2', OUTSIDE), await site.ping(2, 'g2', 'g1')]).toEqual([true, true]);
    expect(await mtu(2)).toBe('1450');
  });

  it('works on after its rules were flushed and the engine restarted', async () => {
    await site.docker(1, 'run -d --name g3 --restart always --net one busybox sleep infinity');
    await site.lab.host(1).run('nft', 'flush', 'ruleset');
    await site.lab.host(1).engine.restart();
    await within(15_000, 'g3 is out again', () => site.ping(1, 'g3', OUTSIDE));
    await within(5_000, 'and across', () => site.ping(1, 'g3', 'g2'));
  });
});

describe.each(SUPPORTED)(
  'docker_gwbridge on %s, beside a network of the subnet that the engine would take',
  (engine) => {
    let site: Site;
    beforeAll(async () => {
      site = await Site.boot({ engine });
    });
    afterAll(() => site?.lab.down());

    it('gets another one on every host, and a network that overlaps it later is refused', async () => {
      await site.network('first', `${OURS} --subnet 172.18.0.0/16`);
      await site.run(1, 'f1', '--net first');
      await site.run(2, 'f2', '--net first');
      for (const [host, from, to] of [
        [1, 'f1', 'f2'],
        [2, 'f2', 'f1'],
      ] as const)
        expect([await site.ping(host, from, to), await site.ping(host, from, OUTSIDE)]).toEqual([true, true]);
      expect(await site.exec(2, 'f2', 'ip addr show eth1')).toContain('inet 172.19.0.2/16');
      const sentence =
        'tsoverlay: subnet 172.19.7.0/24 overlaps 172.19.0.0/16 of docker_gwbridge on host docker01, through which its containers reach the outside; choose another --subnet, or add --internal';
      expect(await site.refusal(2, `network create ${OURS} --subnet 172.19.7.0/24 second`)).toContain(sentence);
      await site.network('inner', `${OURS} --subnet 172.19.7.0/24 --internal`);
      await site.run(2, 'i2', '--net inner');
      await site.run(1, 'i1', '--net inner');
      expect(await site.ping(1, 'i1', 'i2')).toBe(true);
      await site.clear();
    });
  },
);
