/** A host is more than its address: it moves, is copied, has another one's name or address, and loses its memory. */
import { cp, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROUTER } from '../lan.js';
import { PLUGIN_MAIN } from '../paths.js';
import { within } from '../waiting.js';
import { lost, NET, Scene, startPlugin } from './scene.js';

const [ONE, TWO, THREE] = ['10.0.0.60', '10.0.0.61', '10.0.0.62'] as const;
const ELSEWHERE = '10.0.0.71';
const FOLDER = '/var/lib/tsoverlay';
/** Longer than any pass takes to come round, ms. */
const MINUTE = 75_000;

let scene: Scene;
const on = (host: number) => scene.lab.host(host);
const ids = () => Promise.all([1, 2, 3].map((host) => scene.nodeId(host)));
const run = (host: number, container: string, line: string) => scene.docker(host, 'exec', container, 'sh', '-c', line);
/** MAC and address of a container's card, as the container sees them. */
const card = async (host: number, container: string) =>
  `${await run(host, container, 'cat /sys/class/net/eth0/address')} ${await run(host, container, 'ip -o -4 addr show eth0')}`;
const tsoverlay = (host: number, advertise: string, ...words: string[]) =>
  on(host).host.attempt(
    ...['env', `CLUSTER_STORE=${scene.lab.consul.url}`, `CLUSTER_ADVERTISE=${advertise}`],
    ...[process.execPath, PLUGIN_MAIN, ...words],
  );
const status = async (host: number, advertise: string) => (await tsoverlay(host, advertise, 'status')).stdout;
const sessionOf = async (address: string) => {
  const [found] = JSON.parse((await scene.lab.consul.read(`/v1/kv/tsoverlay/nodes/${address}`)) ?? '[]') as {
    Session?: string;
  }[];
  return found?.Session;
};
/** All that the cluster has, but for what rests for some seconds, and for the version, which a new cluster raises soon. */
const records = async () => {
  const keys = (await scene.lab.consul.keys('tsoverlay/')).filter(
    (key) => !/\/(cluster$|(nodes|released)\/)/.test(key),
  );
  return Promise.all(keys.map(async (key) => `${key} ${await scene.lab.consul.value(key)}`));
};
const allAnswer = async () => {
  const pairs = [
    [1, 'c1', 'c2'],
    [2, 'c2', 'c1'],
    [3, 'c3', 'c2'],
    [1, 'c1', 'c3'],
  ] as const;
  return (await Promise.all(pairs.map(([host, from, to]) => scene.pings(host, from, to)))).every((answers) => answers);
};
const changeAddress = (host: number, from: string, to: string) =>
  on(host).run(
    'sh',
    '-c',
    `ip address del ${from}/24 dev eth0; ip address add ${to}/24 dev eth0; ip route replace default via ${ROUTER}`,
  );
/** A line of the host's own log since `from` characters. */
const says = async (host: number, from: number, words: string) =>
  (await scene.pluginLog(host)).slice(from).includes(words);

beforeAll(async () => {
  scene = await Scene.boot({ hosts: 3, durableConsul: true });
  for (const host of [1, 2, 3]) await scene.run(host, `c${host}`, '--restart=always');
  await scene.run(2, 'neighbour');
});
afterAll(() => scene?.down());
beforeEach(async () => {
  await within(15_000, 'all answer by their names', allAnswer);
});

describe('another address', () => {
  it.each([
    ['stop', TWO, ELSEWHERE],
    ['kill', ELSEWHERE, TWO],
  ] as const)('after a %s: from %s to %s', async (how, from, to) => {
    const { plugin } = on(2);
    const id = JSON.parse((await scene.lab.consul.value(`tsoverlay/nodes/${from}`)) ?? '{}').id;
    const before = await records();
    const cards = await card(2, 'c2');
    const address = await scene.address(2, 'neighbour');
    const among = run(2, 'c2', `ping -i 0.05 -c 300 ${address}`).catch(String);
    await plugin[how]();
    await changeAddress(2, from, to);
    await plugin.start({ CLUSTER_ADVERTISE: to });
    const ms = await within(3_000, 'c1 reaches c2, and c2 reaches c3', async () =>
      (await Promise.all([scene.pings(1, 'c1', 'c2'), scene.pings(2, 'c2', 'c3')])).every((answers) => answers),
    );
    console.log(`${how}: cross-host pings ${ms} ms after the start`);
    await within(5_000, 'its former key is gone', async () =>
      (await scene.lab.consul.keys('tsoverlay/nodes/')).every((key) => !key.endsWith(`/${from}`)),
    );
    expect(JSON.parse((await scene.lab.consul.value(`tsoverlay/nodes/${to}`)) ?? '{}')).toMatchObject({ id, vtep: to });
    expect(await records(), 'all that it has is its own as before').toEqual(before);
    for (const key of await scene.lab.consul.keys('tsoverlay/'))
      expect((await scene.lab.consul.value(key)) ?? '', key).not.toContain(`"${from}"`);
    expect(await card(2, 'c2'), 'MAC and address').toBe(cards);
    expect(lost(await among), 'among themselves').toBe(0);
    expect(await scene.inside(2, 'ip -d link show vxlan0')).toContain(`local ${to} `);
    for (const host of [1, 3]) {
      expect(await scene.inside(host, 'bridge fdb')).not.toContain(`dst ${from} `);
      await within(15_000, 'the guard has followed', async () => {
        const rules = await on(host).run('nft', 'list', 'ruleset');
        return rules.includes(to) && !rules.includes(from);
      });
      const lines = await status(host, host === 1 ? ONE : THREE);
      expect(lines).toMatch(new RegExp(`^3 nodes[^]*  ${to}  docker02  alive  id ${id.slice(0, 8)} `));
      expect(lines).not.toContain(from);
    }
    // Attaching goes on, from there and from elsewhere.
    await scene.run(2, 'later');
    await within(2_000, 'a new name answers', () => scene.pings(1, 'c1', 'later'));
    await scene.docker(2, 'rm', '-f', 'later');
  });
});

it('a second host with the address of one that lives leaves it and itself alone, and says so', async () => {
  const [, first, own] = await ids();
  const session = await sessionOf(TWO);
  const before = await records();
  const from = (await scene.pluginLog(3)).length;
  await on(3).plugin.stop();
  await on(3).run('ip', 'address', 'add', `${TWO}/32`, 'dev', 'lo');
  const pings = run(1, 'c1', `ping -i 0.1 -c ${MINUTE / 100} ${await scene.address(2, 'c2')}`).catch(String);
  await on(3).plugin.start({ CLUSTER_ADVERTISE: TWO });
  const sentence = `${TWO} is the address of host docker02 (${first}), which lives, so that host docker03 (${own}) cannot have it and changes nothing`;
  await within(10_000, 'the log says so', () => says(3, from, sentence));
  const { ok, stderr } = await on(3).engine.attempt(
    'network',
    'create',
    '-d',
    'tsoverlay',
    '--ipam-driver=tsoverlay',
    'x',
  );
  expect(ok).toBe(false);
  expect(stderr).toContain(sentence);
  expect((await on(3).engine.attempt('run', '--rm', '--net', NET, 'busybox', 'true')).stderr).toContain(sentence);
  expect(await status(3, TWO)).toContain(`warning: ${sentence}`);
  await sleep(MINUTE);
  expect(lost(await pings), 'the first one notices nothing').toBe(0);
  expect(await sessionOf(TWO)).toBe(session);
  expect(await records(), 'nothing was freed').toEqual(before);
  expect(await on(3).run('ls', '/run/docker/netns'), 'nor anything of its own').toContain(scene.namespace);
  await on(3).plugin.stop();
  await on(3).run('ip', 'address', 'del', `${TWO}/32`, 'dev', 'lo');
  await startPlugin(on(3));
  expect(await scene.nodeId(3)).toBe(own);
});

it('two hosts of one name do not disturb each other', async () => {
  const before = await ids();
  const session = await sessionOf(TWO);
  await on(3).plugin.stop();
  await on(3).run('hostname', 'docker02');
  await startPlugin(on(3));
  await sleep(20_000);
  expect(await ids()).toEqual(before);
  expect(await sessionOf(TWO)).toBe(session);
  expect((await status(1, ONE)).match(/ docker02 {2}alive /g)).toHaveLength(2);
  expect(await allAnswer()).toBe(true);
  await on(3).plugin.stop();
  await on(3).run('hostname', 'docker03');
  await startPlugin(on(3));
});

describe('a copied DATA_DIR', () => {
  const copyFrom2 = async () => {
    await on(3).plugin.stop();
    await rm(on(3).host.path(FOLDER), { recursive: true, force: true });
    await cp(on(2).host.path(FOLDER), on(3).host.path(FOLDER), { recursive: true });
  };

  it('on a host that has run before is not believed', async () => {
    const before = await ids();
    const session = await sessionOf(TWO);
    await copyFrom2();
    expect(await startPlugin(on(3)), 'nothing to do in the kernel').toEqual([]);
    expect(await ids()).toEqual(before);
    expect(await sessionOf(TWO)).toBe(session);
  });

  it('on a new host is noticed: it gets an id of its own, and frees nothing', async () => {
    await scene.docker(3, 'rm', '-f', 'c3');
    await on(3).plugin.stop();
    expect((await tsoverlay(1, ONE, 'node', 'forget', THREE, '--yes')).stderr).toBe('');
    const [first, second] = await Promise.all([scene.nodeId(1), scene.nodeId(2)]);
    const session = await sessionOf(TWO);
    const from = (await scene.pluginLog(3)).length;
    const before = await records();
    await copyFrom2();
    await startPlugin(on(3));
    const third = await scene.nodeId(3);
    expect(new Set([first, second, third])).toHaveProperty('size', 3);
    expect(await says(3, from, "DATA_DIR is a copy of another host's")).toBe(true);
    await sleep(MINUTE);
    expect(await records()).toEqual(before);
    expect([await scene.nodeId(2), await sessionOf(TWO)]).toEqual([second, session]);
    await scene.run(3, 'c3', '--restart=always');
  });
});

it('a DATA_DIR that is lost while containers run is no loss: the host finds its own again', async () => {
  const [, id] = await ids();
  const pings = run(1, 'c1', `ping -i 0.05 -c 300 ${await scene.address(2, 'c2')}`).catch(String);
  for (const how of ['kill', 'stop'] as const) {
    await on(2).plugin[how]();
    await on(2).run('sh', '-c', `rm -rf ${FOLDER}/*`);
    expect(await startPlugin(on(2)), 'nothing to do in the kernel').toEqual([]);
    expect(await scene.nodeId(2)).toBe(id);
  }
  expect(lost(await pings)).toBe(0);
  await within(5_000, 'it is remembered', async () =>
    (await readFile(on(2).host.path(`${FOLDER}/host.json`), 'utf8')).includes(id ?? ''),
  );
});

it.each([
  ['cluster.json', `rm -f ${FOLDER}/cluster.json`],
  ['anything in DATA_DIR', `rm -rf ${FOLDER}/*`],
])('a start without Consul and without %s removes nothing', async (_, line) => {
  const [, id] = await ids();
  const pings = run(1, 'c1', `ping -i 0.1 -c 200 ${await scene.address(2, 'c2')}`).catch(String);
  await scene.lab.consul.kill();
  await on(2).plugin.kill();
  await on(2).run('sh', '-c', line);
  await on(2).plugin.start();
  // Longer than a start waits for Consul.
  await sleep(8_000);
  expect(await on(2).run('ls', '/run/docker/netns')).toContain(scene.namespace);
  expect(await card(2, 'c2')).toContain('172.16.1.');
  await scene.lab.consul.start();
  await within(15_000, 'all answer by their names', allAnswer);
  expect(lost(await pings)).toBe(0);
  expect(await scene.nodeId(2)).toBe(id);
});

it('VXLAN goes to the port of the cluster, and a host with another one is refused', async () => {
  const wrong = { CLUSTER_ADVERTISE: THREE, VXLAN_PORT: '8472' };
  await on(3).plugin.stop();
  await expect(on(3).plugin.start(wrong)).rejects.toThrow(
    'VXLAN_PORT is 8472 on this host and 4789 in the cluster; set VXLAN_PORT=4789 here',
  );
  for (const host of [1, 2]) await on(host).plugin.stop();
  await scene.lab.consul.remove('tsoverlay/cluster');
  for (const host of [1, 2, 3]) await on(host).plugin.start({ VXLAN_PORT: '8472' });
  await within(30_000, 'all answer by their names', allAnswer);
  for (const host of [1, 2, 3]) {
    expect(await scene.inside(host, 'ip -d link show vxlan0')).toContain('dstport 8472 ');
    await within(15_000, 'the guard has followed', async () => {
      const rules = await on(host).run('nft', 'list', 'ruleset');
      return rules.includes('8472') && !rules.includes('4789');
    });
  }
  await on(1).plugin.stop();
  await expect(on(1).plugin.start()).rejects.toThrow('VXLAN_PORT is 4789 on this host and 8472 in the cluster');
});
