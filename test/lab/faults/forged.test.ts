/**
 * Records that somebody wrote straight into Consul: well formed, and each a lie. Nothing of them reaches an engine, a
 * kernel, a container or a terminal; what runs goes on; and when they are gone all is as before.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keys } from '../../../src/model/values/names.js';
import { touchHead } from '../heads.js';
import { PLUGIN_MAIN } from '../paths.js';
import { within } from '../waiting.js';
import { record } from './record.js';
import { lost, NET, Scene } from './scene.js';

const [HOST2, NOBODY] = ['10.0.0.61', '203.0.113.9'] as const;
/** The id of no host. */
const STRANGER = 'f'.repeat(16);
const ESCAPES = '\u001b[2J\u001b]0;gone\u0007\u202Eevil';
const id = (digit: string) => digit.repeat(64);
const FLOOD = 400;

let scene: Scene;
/** Of docker01 and docker02. */
let nodes: readonly [string, string];
/** Its cluster id, and the address and MAC of c2. */
let network: string;
let c2: { readonly address: string; readonly mac: string };
const forged = new Map<string, string>();

beforeAll(async () => {
  scene = await Scene.boot({ durableConsul: true });
  await scene.run(1, 'c1', '--restart=always');
  const address = await scene.run(2, 'c2', '--restart=always');
  c2 = {
    address,
    mac: await scene.docker(2, 'inspect', '--format', `{{.NetworkSettings.Networks.${NET}.MacAddress}}`, 'c2'),
  };
  await scene.docker(1, 'run', '-d', '--name', 'bystander', 'busybox', 'sleep', 'infinity');
  network = await scene.docker(1, 'network', 'inspect', '--format', '{{.Id}}', NET);
  nodes = [await scene.nodeId(1), await scene.nodeId(2)];
});
afterAll(() => scene?.down());

const json = (value: object) => JSON.stringify({ version: 2, ...value });
const networkRecord = (name: string, pool: string, vni: number, change: object = {}) =>
  json({
    subnets: [{ pool, gateway: pool.replace(/0\/(\d+)$/, '1/$1'), aux: {}, vni }],
    ...{ internal: false, ipv6: false, options: {}, ipam: 'cluster', creator: nodes[0] },
    announced: { name, labels: {}, attachable: false },
    ...{ deleting: false, ...change },
  });
const endpointRecord = (name: string, address: string, change: object = {}) =>
  json({
    ...{ addresses: [`${address}/24`], mac: '02:42:00:00:00:99', names: [name], container: '' },
    ...{ created: 1, ...change },
  });
const nodeRecord = (address: string, hostname: string, node = 'f'.repeat(16)) =>
  json({
    ...{ id: node, vtep: address, hostname, mtu: 1500, routes: [], gwbridge: ['172.16.0.0/12'] },
    ...{ machine: {}, boot: '0'.repeat(32), reads: 2 },
  });

/** Everything that a writer might think of, by key. */
async function weapons(): Promise<Readonly<Record<string, string>>> {
  const sandbox = await scene.docker(1, 'inspect', '--format', '{{.NetworkSettings.SandboxKey}}', 'bystander');
  const pool = json({ node: nodes[0], network: id('e'), created: 1 });
  const own = (await scene.keys(`/endpoints/${network}/`)).map((key) => key.slice('tsoverlay/'.length));
  const values = await Promise.all(
    own.map(async (key) => [key, (await scene.lab.consul.value(`tsoverlay/${key}`)) ?? ''] as const),
  );
  const c1 = values.find(([, value]) => value.includes('"c1"'));
  if (c1 === undefined) throw new Error('no record of c1');
  const endpoint = (digit: string, node: string) => `endpoints/${network}/${node}/${id(digit)}`;
  return {
    'nodes/10.0.0.97': nodeRecord('10.0.0.97', 'moved-here', nodes[1]),
    'nodes/10.0.0.98': nodeRecord('10.0.0.98', ESCAPES),
    'nodes/10.0.0.99': nodeRecord('10.0.0.99', 'never-held'),
    [`nodes/${NOBODY}`]: nodeRecord(NOBODY, 'never-held-either'),
    'nodes/0.0.0.0': nodeRecord('0.0.0.0', 'everybody'),
    [`networks/${id('f')}`]: networkRecord('evil/../../x', '0.0.0.0/1', 700),
    [`networks/${id('7')}`]: networkRecord('half', '0.0.0.0/1', 701),
    [`networks/${id('8')}`]: networkRecord(ESCAPES, '172.29.0.0/24', 702),
    [`networks/${id('9')}`]: networkRecord('docker_gwbridge', '172.29.1.0/24', 703),
    [`networks/${id('e')}`]: networkRecord('ghost', '172.16.1.0/24', 256),
    [`networks/${id('d')}`]: networkRecord('going', '172.16.1.0/24', 256, { deleting: true }),
    [`networks/${network.slice(0, 10)}${'0'.repeat(54)}`]: networkRecord('twin', '172.29.2.0/24', 704),
    [`networks/${network.slice(0, 12)}`]: 'garbage',
    [endpoint('1', nodes[0])]: endpointRecord('phantom', '172.16.1.101', { sandbox }),
    [endpoint('2', STRANGER)]: endpointRecord('stranger', '172.16.1.102'),
    [endpoint('3', nodes[1])]: endpointRecord('gate', '172.16.1.1'),
    [endpoint('4', nodes[1])]: endpointRecord('outside', '10.0.0.61'),
    // Below and above the ids that are there.
    [endpoint('0', nodes[0])]: endpointRecord('usurper', c2.address, { mac: c2.mac }),
    [endpoint('f', nodes[0])]: endpointRecord('usurper', c2.address, { mac: c2.mac }),
    // Under the id of an endpoint that lives elsewhere.
    [c1[0].replace(nodes[0], nodes[1])]: endpointRecord('double', '172.16.1.107'),
    [endpoint('6', nodes[0])]: endpointRecord('pathfinder', '172.16.1.106', { sandbox: '/proc/1/ns/net' }),
    // The container's own record, and what the plugin reads at a start: another container's namespace.
    [c1[0]]: json({ ...JSON.parse(c1[1]), sandbox }),
    // What makes hosts look at the endpoints, and heads that are none.
    ...Object.fromEntries([...nodes, STRANGER].map((node) => [keys.head(network, node, 'forged--'), ESCAPES])),
    [keys.head(network, 'somebody', 'forged--')]: 'garbage',
    [keys.head(network, nodes[0], 'far-too-long-a-revision')]: 'garbage',
    [keys.head(id('c'), nodes[0], 'forged')]: 'garbage',
    [`heads/99/${network}/${nodes[0]}/forged`]: 'garbage',
    'pools/0.0.0.0-1': pool,
    'pools/172.29.0.0-16': 'garbage',
    'vnis/256': id('e'),
    'vnis/not-a-number': id('e'),
    'vnis/900': id('c'),
    'names/elsewhere': id('c'),
    'pool-guard': ESCAPES,
    [`members/${nodes[0]}/${id('c')}`]: '',
    ...Object.fromEntries(Array.from({ length: FLOOD }, (_, i) => [`networks/flood-${i}`, 'garbage'])),
  };
}

const guard = (host: number) => scene.lab.host(host).run('nft', 'list', 'ruleset');
const tsoverlay = (...words: string[]) => {
  const { address, host } = scene.lab.host(1);
  const env = [`CLUSTER_STORE=${scene.lab.consul.url}`, `CLUSTER_ADVERTISE=${address}`];
  return host.attempt('env', ...env, process.execPath, PLUGIN_MAIN, ...words);
};
const networks = async (host: number) =>
  (await scene.docker(host, 'network', 'ls', '--filter', 'driver=tsoverlay', '--format', '{{.Name}}')).split('\n');
const inside = async (host: number) =>
  [
    await scene.inside(host, 'ip neigh'),
    await scene.inside(host, 'bridge fdb'),
    await scene.inside(host, 'ip link'),
  ].join('\n');
const lookUp = (name: string) => scene.lab.host(1).engine.attempt('exec', 'c1', 'nslookup', name);
/** In another container's namespace. */
const besides = async () => {
  const pid = await scene.docker(1, 'inspect', '--format', '{{.State.Pid}}', 'bystander');
  const enter = ['nsenter', `--net=/proc/${pid}/ns/net`];
  return `${await scene.lab.host(1).run(...enter, 'nft', 'list', 'ruleset')}${await scene.lab.host(1).run(...enter, 'ip', 'link')}`;
};

async function harmless(): Promise<void> {
  // What is said to live on a host is in its own kernel never, and in others' until that host frees it: that it was left
  // behind by an earlier process is believed of no record before the host's own process is half a minute old.
  await within(45_000, 'no host has what is said to live on another', async () => {
    const kernel = await inside(2);
    return !['172.16.1.101', '172.16.1.106', '02:42:00:00:00:99'].some((wrong) => kernel.includes(wrong));
  });
  for (const host of [1, 2]) {
    expect(await networks(host), 'nothing is mirrored').toEqual([NET]);
    const rules = await guard(host);
    for (const address of ['10.0.0.97', '10.0.0.98', '10.0.0.99', NOBODY]) expect(rules).not.toContain(address);
    const kernel = await inside(host);
    for (const wrong of [NOBODY, '172.16.1.101', '172.16.1.102', '10.0.0.61 lladdr', '02:42:00:00:00:99'])
      expect(kernel, `host ${host}`).not.toContain(wrong);
  }
  expect(await scene.inside(1, `ip neigh show ${c2.address}`)).toContain(c2.mac);
  expect(await scene.inside(1, 'bridge fdb')).toMatch(new RegExp(`${c2.mac} dev vxlan0 dst ${HOST2} `));
  for (const name of ['phantom', 'stranger', 'gate', 'outside', 'usurper', 'double', 'pathfinder'])
    expect((await lookUp(name)).stdout, name).not.toContain('172.16.1.');
  const { stdout } = await lookUp('c2');
  expect(stdout).toContain(c2.address);
  expect(await scene.pings(1, 'c1', 'c2')).toBe(true);
  expect(await scene.pings(2, 'c2', 'c1')).toBe(true);
  expect(await besides(), 'nothing of ours in a container that is on no network of ours').not.toMatch(/tsoverlay|eth1/);
}

it('forged records, while containers talk', async () => {
  const before = await scene.lab.consul.keys('tsoverlay/');
  const old = new Map<string, string>();
  for (const key of before) old.set(key, (await scene.lab.consul.value(key)) ?? '');
  const from = await Promise.all([1, 2].map(async (host) => (await scene.pluginLog(host)).length));
  const pings = scene.docker(1, 'exec', 'c1', 'sh', '-c', `ping -i 0.2 -c 4000 ${c2.address} & echo $! >/p; wait`);
  for (const [key, value] of Object.entries(await weapons())) {
    forged.set(`tsoverlay/${key}`, value);
    await scene.lab.consul.put(`tsoverlay/${key}`, value);
  }
  // A pass of the engine, and of the kernel.
  await within(40_000, 'what lies about its claims is told of', async () =>
    (await scene.pluginLog(2)).includes('is left out: subnet'),
  );
  await harmless();

  const { stdout: status, stderr } = await tsoverlay('status');
  expect(stderr).toBe('');
  expect(status.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(status).toContain('nodes/10.0.0.99 was never held by a session, so that no host wrote it; it is left alone');
  expect(status).toMatch(/^2 nodes\n {2}10\.0\.0\.60 {2}\S+ {2}alive/);
  for (const host of [1, 2]) {
    const log = (await scene.pluginLog(host)).slice(from[host - 1]);
    expect(log.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(log.split('a record of the store is left out').length, 'a flood fills no log').toBeLessThan(110);
    expect(log).not.toContain('unhandled rejection');
  }

  await scene.run(2, 'later');
  await within(2_000, 'a new name answers', () => scene.pings(1, 'c1', 'later'));
  await scene.docker(2, 'rm', '-f', 'later');
  await scene.docker(2, 'network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', 'three');
  await within(5_000, 'a new network is mirrored', async () => (await networks(1)).includes('three'));
  await scene.docker(1, 'network', 'rm', 'three');
  await within(5_000, 'and gone', async () => !(await networks(2)).includes('three'));

  for (const host of [1, 2]) {
    await scene.lab.host(host).plugin.kill();
    expect(await scene.startPlugin(host), 'nothing to do in the kernel').toEqual([]);
  }
  await harmless();

  // What somebody marked as going has been removed by now, and nothing of the network whose things it claimed.
  await within(
    90_000,
    'the last of what was going is gone',
    async () => (await scene.lab.consul.value(`tsoverlay/networks/${id('d')}`)) === undefined,
  );
  for (const part of ['/pools/172.16.1.0-24', '/addresses/172.16.1.0-24/', `/names/${NET}`])
    expect(await scene.keys(part)).toEqual(before.filter((key) => key.includes(part)));
  await harmless();

  for (const key of forged.keys()) {
    const value = old.get(key);
    if (value === undefined) await scene.lab.consul.remove(key);
    else await scene.lab.consul.put(key, value);
  }
  await Promise.all(nodes.map((node) => touchHead(scene.lab.consul, network, node)));
  await scene.docker(1, 'exec', 'c1', 'sh', '-c', 'kill -INT $(cat /p)');
  expect(lost(await pings), 'running traffic notices nothing').toBe(0);
  await within(5_000, 'all is as before', async () => {
    const left = (await scene.lab.consul.keys('tsoverlay/')).filter((key) => !before.includes(key));
    return left.every((key) => /^tsoverlay\/(released|heads)\//.test(key));
  });
  const heads = await scene.keys('/heads/');
  expect(heads.map((key) => key.split('/')[4]).sort(), 'one for each host').toEqual([...nodes].sort());
  await harmless();
  expect((await tsoverlay('status')).stdout).not.toContain('left alone');
  await record(
    `${forged.size} forged records in Consul: paths, escapes, pools of half the internet, others' addresses, ids and claims`,
    '0 packets lost; nothing mirrored, admitted, programmed, answered or entered, over a start of the plugin too; 100 lines in the log at most; all as before when they were removed',
  );
});

it('another cluster id removes nothing', async () => {
  const value = (await scene.lab.consul.value('tsoverlay/cluster')) ?? '';
  await scene.lab.consul.put('tsoverlay/cluster', ESCAPES.repeat(1_000));
  await scene.run(2, 'other');
  await scene.docker(2, 'rm', '-f', 'other');
  await harmless();
  await scene.lab.consul.put('tsoverlay/cluster', value);
  await harmless();
});
