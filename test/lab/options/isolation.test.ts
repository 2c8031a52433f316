/** Networks do not reach each other, and who is no node of the cluster reaches none of them. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { PLUGIN_MAIN } from '../paths.js';
import { within } from '../waiting.js';
import { lines, OURS, Site } from './site.js';

let site: Site;
beforeAll(async () => {
  // The third is on the LAN, but no node.
  site = await Site.boot({ hosts: 3, plugin: false });
  await Promise.all([1, 2].map((host) => site.lab.host(host).plugin.start()));
});
afterAll(() => site?.lab.down());
afterEach(async () => {
  for (const host of [1, 2])
    await site.docker(host, 'ps -aq').then((ids) => ids && site.docker(host, `rm -f ${ids.split('\n').join(' ')}`));
  for (const name of await site.networks(1)) await site.succeeds(1, `network rm ${name}`);
});

const guard = (host: number) => site.lab.host(host).host.attempt('nft', 'list', 'table', 'ip', 'tsoverlay-guard');

it('two networks never reach each other, on one host and across', async () => {
  await site.network('red', `${OURS} --subnet 172.16.1.0/24`);
  await site.network('blue', `${OURS} --subnet 172.16.2.0/24`);
  await site.run(1, 'red1', '--net red --ip 172.16.1.10');
  await site.run(1, 'blue1', '--net blue --ip 172.16.2.10');
  await site.run(2, 'blue2', '--net blue --ip 172.16.2.20');
  for (const to of ['172.16.2.10', '172.16.2.20', '172.16.2.1', 'blue1', 'blue2'])
    expect([to, await site.succeeds(1, `exec red1 ping -c1 -W1 ${to}`)]).toEqual([to, false]);
  // Nor with a route that somebody inside makes: --cap-add is the user's own.
  await site.docker(1, 'run -d --name rogue --net red --cap-add NET_ADMIN busybox sleep infinity');
  await site.exec(1, 'rogue', 'ip route add 172.16.2.0/24 via 172.16.1.1');
  expect(await site.succeeds(1, 'exec rogue ping -c1 -W1 172.16.2.10')).toBe(false);
});

/**
 * A network with victim on host 1, and by hand on host 3 what a node does: a VXLAN device that knows victim, in a
 * namespace of its own, for what a process of a node's host sends is none of the node's.
 */
async function attack() {
  await site.network('red', `${OURS} --subnet 172.16.1.0/24 -o com.docker.network.driver.overlay.vxlanid_list=300`);
  await site.run(1, 'victim', '--net red --ip 172.16.1.10');
  for (const command of [
    'ip netns add rogue',
    'ip link add evil type vxlan id 300 dstport 4789 local 10.0.0.62 nolearning',
    'ip link set evil netns rogue',
    'ip -n rogue address add 172.16.1.66/24 dev evil',
    'ip -n rogue link set evil up',
    'bridge -n rogue fdb append 02:42:ac:10:01:0a dev evil dst 10.0.0.60',
    'ip -n rogue neigh replace 172.16.1.10 lladdr 02:42:ac:10:01:0a dev evil',
  ])
    await site.lab.host(3).run(...command.split(' '));
}
const flood = () =>
  site.lab.host(3).host.attempt(...'ip netns exec rogue ping -c 3 -i 0.2 -W 1 172.16.1.10'.split(' '));
/** The device first: a namespace ends some time after its last user, and its VNI would be taken so long. */
const endAttack = async () => {
  for (const command of ['ip -n rogue link del evil', 'ip netns del rogue'])
    await site.lab.host(3).run(...command.split(' '));
};
const dropped = async () => Number(/packets (\d+)/.exec((await guard(1)).stdout)?.[1] ?? -1);
/** Pings that have come to the victim. */
const received = async () => {
  const [names = '', values = ''] = lines(await site.exec(1, 'victim', 'grep Icmp: /proc/net/snmp'));
  return Number(values.split(' ')[names.split(' ').indexOf('InEchos')]);
};

it('VXLAN from an address that is no node is dropped, until it becomes one', async () => {
  await attack();
  const intruder = site.lab.host(3);
  await within(5_000, 'the guard stands', async () => (await guard(1)).ok);
  const before = await received();
  await flood();
  expect(await dropped()).toBeGreaterThanOrEqual(3);
  expect(await received()).toBe(before);

  await site.lab.host(1).plugin.restart({ VXLAN_GUARD: 'off' });
  await within(5_000, 'the guard is gone', async () => !(await guard(1)).ok);
  await flood();
  expect(await received()).toBeGreaterThanOrEqual(before + 3);
  await site.lab.host(1).plugin.restart();
  await within(10_000, 'the guard is back', async () => (await guard(1)).ok);

  await endAttack();
  await intruder.plugin.start();
  await within(5_000, 'the new node is let in', async () => (await guard(1)).stdout.includes('10.0.0.62'));
  await site.has(3, 'red');
  await site.run(3, 'guest', '--net red');
  expect(await site.ping(3, 'guest', 'victim')).toBe(true);
  await site.docker(3, 'rm -f guest');
  await intruder.plugin.stop();
});

it('VXLAN from a host that was forgotten is dropped, and not before', async () => {
  const third = site.lab.host(3);
  await third.plugin.start();
  await within(5_000, 'the third is let in', async () => (await guard(1)).stdout.includes('10.0.0.62'));
  await third.plugin.stop();
  await attack();
  const before = await received();
  await flood();
  // A host that is away may come back: it stays a node until an operator says otherwise.
  expect(await received()).toBeGreaterThanOrEqual(before + 3);

  const forget = [
    'env',
    `CLUSTER_STORE=${site.lab.consul.url}`,
    process.execPath,
    PLUGIN_MAIN,
    'node',
    'forget',
    '--yes',
  ];
  expect(await site.lab.host(2).run(...forget, '10.0.0.62')).toContain('forgot 10.0.0.62');
  await within(15_000, 'it is out', async () => !(await guard(1)).stdout.includes('10.0.0.62'));
  const since = await received();
  const already = await dropped();
  await flood();
  expect(await received()).toBe(since);
  expect(await dropped()).toBeGreaterThanOrEqual(already + 3);
  await endAttack();
});

it.each([
  'flush ruleset',
  'delete table ip tsoverlay-guard',
  'flush table ip tsoverlay-guard',
  ...['input', 'prerouting', 'forward', 'output'].map((chain) => `flush chain ip tsoverlay-guard ${chain}`),
  'flush set ip tsoverlay-guard vnis',
  'add element ip tsoverlay-guard nodes { 10.0.0.62 }',
])('the guard comes back within seconds after nft %s', async (command) => {
  await site.network('red', `${OURS} -o com.docker.network.driver.overlay.vxlanid_list=300`);
  const rules = async () => (await guard(2)).stdout.replace(/packets \d+/g, '');
  await within(5_000, 'the guard stands', async () => /elements = \{ 255, 300 \}/.test(await rules()));
  const before = await rules();
  await site.lab.host(2).run('nft', ...command.split(' '));
  expect(await rules()).not.toBe(before);
  await within(5_000, 'it is back', async () => (await rules()) === before);
});
