/** A network of several subnets: what is routed between them does not notice containers that come and go. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OURS, Site } from './site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.boot();
});
afterAll(() => site?.lab.down());

const mac = async (host: number, bridge: string) => {
  const [name = ''] = (await site.lab.host(host).run('ls', '/run/docker/netns'))
    .split('\n')
    .filter((n) => n.startsWith('1-'));
  const argv = ['nsenter', `--net=/run/docker/netns/${name}`, 'ip', '-o', 'link', 'show', bridge];
  return / link\/ether (\S+)/.exec(await site.lab.host(host).run(...argv))?.[1] ?? '';
};

it('no ping between subnets is lost while containers come and go', async () => {
  await site.network('two', `${OURS} --subnet 172.16.1.0/24 --subnet 172.16.2.0/24`);
  await site.run(1, 'a1', '--net two --ip 172.16.1.10');
  await site.run(2, 'b1', '--net two --ip 172.16.2.10');
  expect(await site.ping(1, 'a1', '172.16.2.10')).toBe(true);
  const before = await mac(1, 'br0');
  const pings = site.exec(1, 'a1', 'ping -i 0.1 -c 150 172.16.2.10');
  for (let n = 0; n < 8; n++) {
    await site.docker(1, 'run --rm --net two busybox true');
    await site.docker(2, 'run --rm --net two busybox true');
  }
  expect(await pings).toMatch(/150 packets transmitted, 150 packets received, 0% packet loss/);
  expect(await mac(1, 'br0')).toBe(before);
  expect(await mac(2, 'br0')).not.toBe(before);
  await site.clear();
});
