/** What `docker network` shows and prunes, and what networks may be told. */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ENGINE, isBefore23 } from '../engine-choice.js';
import { OUTSIDE } from '../lan.js';
import { within } from '../waiting.js';
import { lines, OURS, Site } from './site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.boot();
});
afterAll(() => site?.lab.down());
afterEach(() => site.clear());

it('--internal: no docker_gwbridge, no way out, names of the cluster all the same', async () => {
  await site.network('inner', `${OURS} --internal --subnet 172.16.1.0/24`);
  await site.run(1, 'i1', '--net inner');
  await site.run(2, 'i2', '--net inner');
  expect([await site.ping(1, 'i1', 'i2'), await site.ping(2, 'i2', 'i1')]).toEqual([true, true]);
  expect(await site.exec(1, 'i1', 'ls /sys/class/net')).not.toContain('eth1');
  expect(await site.exec(1, 'i1', 'ip route')).not.toContain('default');
  expect(await site.succeeds(1, `exec i1 ping -c1 -W1 ${OUTSIDE}`)).toBe(false);
  // The engine asks nobody for a container without a way out, and neither do we.
  expect(await site.lookUp(1, 'i1', 'outside.example')).toEqual([]);
});

it('--attachable, --label and --scope', async () => {
  const scope = isBefore23(ENGINE) ? 'local' : 'global';
  await site.network('flags', `${OURS} --attachable --label team=blue --scope ${scope}`);
  const shown = await site.docker(2, "network inspect --format '{{.Attachable}} {{.Scope}} {{json .Labels}}' flags");
  expect(shown).toBe(`true ${scope} {"team":"blue"}`);
});

it('the MTU and the VXLAN ids are what the user said, on all hosts', async () => {
  const options = '-o com.docker.network.driver.mtu=1400 -o com.docker.network.driver.overlay.vxlanid_list=300,77';
  await site.network('told', `${OURS} ${options} --subnet 172.16.1.0/24 --subnet 172.16.2.0/24`);
  await site.run(2, 't2', '--net told --ip 172.16.2.9');
  expect(await site.exec(2, 't2', 'cat /sys/class/net/eth0/mtu')).toBe('1350');
  expect(await site.lab.consul.keys('tsoverlay/vnis/')).toEqual(['tsoverlay/vnis/300', 'tsoverlay/vnis/77']);
  const namespace = `1-${(await site.docker(1, 'network inspect --format {{.Id}} told')).slice(0, 10)}`;
  const links = await site.lab.host(2).run('nsenter', `--net=/run/docker/netns/${namespace}`, 'ip', '-d', 'link');
  expect(links).toContain('vxlan id 300 ');
  expect(links).toContain('vxlan id 77 ');
});

it('network inspect shows the endpoints of its host with their names, network ls and info the driver', async () => {
  await site.network('one', `${OURS} --subnet 172.16.1.0/24`);
  await site.run(1, 'here', '--net one');
  await site.run(2, 'there', '--net one');
  const format = '{{range .Containers}}{{.Name}} {{.IPv4Address}} {{.MacAddress}}{{end}}';
  expect(await site.lab.host(1).docker('network', 'inspect', '--format', format, 'one')).toBe(
    'here 172.16.1.2/24 02:42:ac:10:01:02',
  );
  expect(await site.networks(2)).toEqual(['one']);
  expect(await site.docker(1, "info --format '{{json .Plugins.Network}}'")).toContain('"tsoverlay"');
});

it.each(['network prune -f', 'system prune -f'])('%s takes what no host uses, and leaves the rest', async (prune) => {
  await site.network('used', `${OURS} --subnet 172.16.1.0/24`);
  await site.network('idle', `${OURS} --subnet 172.16.2.0/24`);
  await site.run(1, 'user', '--net used');
  await site.docker(2, prune);
  await within(5_000, 'used is left alone everywhere', async () =>
    [await site.networks(1), await site.networks(2)].every((names) => names.join() === 'used'),
  );
  await site.run(2, 'other', '--net used');
  expect(await site.ping(2, 'other', 'user')).toBe(true);
});

// A thousand take three minutes: docs/options.md has their figures.
it('three hundred networks come, work and go', async () => {
  const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
  for (let i = 0; i < names.length; i += 5)
    await Promise.all(names.slice(i, i + 5).map((name) => site.docker(1 + (i % 2), `network create ${OURS} ${name}`)));
  for (const host of [1, 2])
    await within(30_000, 'all are there', async () => (await site.networks(host)).length === names.length);
  const format = '{{(index .IPAM.Config 0).Subnet}}';
  const subnets = lines(await site.lab.host(2).docker('network', 'inspect', '--format', format, ...names));
  expect(new Set(subnets).size).toBe(names.length);
  await site.run(1, 'a1', '--net n299');
  await site.run(2, 'a2', '--net n299');
  expect(await site.ping(1, 'a1', 'a2')).toBe(true);
  await site.docker(1, 'rm -f a1');
  await site.docker(2, 'rm -f a2');
  await site.docker(1, `network rm ${names.join(' ')}`);
  await within(30_000, 'all are gone', async () => (await site.networks(2)).length === 0);
  // While the engine removes a network it hides it: nobody may put it back meanwhile.
  expect(await readFile(site.lab.host(1).plugin.log(), 'utf8')).not.toContain('a step of the engine pass failed');
});
