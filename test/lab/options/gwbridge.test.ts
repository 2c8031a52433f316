/** docker_gwbridge: made as the settings say when we are first, left alone when it is the user's own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTSIDE } from '../lan.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

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

  it('works on after its rules were flushed and the engine restarted, as firewalld has it', async () => {
    await site.docker(1, 'run -d --name g3 --restart always --net one busybox sleep infinity');
    await site.lab.host(1).run('nft', 'flush', 'ruleset');
    await site.lab.host(1).engine.restart();
    await within(15_000, 'g3 is out again', () => site.ping(1, 'g3', OUTSIDE));
    await within(5_000, 'and across', () => site.ping(1, 'g3', 'g2'));
  });
});
