/** A rolling upgrade: hosts of one build and of the next one, which writes other records, side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildOf, olderBuild } from '../other-build.js';
import { within } from '../waiting.js';
import { lost, NET, Scene } from './scene.js';

const HOSTS = [1, 2, 3] as const;
/** A minute of patience, and two looks at the store. */
const RAISED_MS = 150_000;

let scene: Scene;
let former: string;
let next: string;
/** All the while: from c1 to c2 and c3, and from c3 to c2. */
let pings: readonly (readonly [host: number, container: string, address: string])[];
const on = (host: number) => scene.lab.host(host);
const addressOf = (host: number) => on(host).address;

/** In the background: longer than a command of the lab may take. What it says is in a file of the container's. */
const ping = (host: number, from: string, address: string): Promise<string> =>
  scene.docker(host, 'exec', '-d', from, 'sh', '-c', `exec ping -i 0.2 ${address} >/ping-${address} 2>&1`);
/** Starts the build on the host in place of what runs there. */
async function run(host: number, main: string): Promise<void> {
  const { plugin } = on(host);
  await plugin.stop();
  plugin.main = main;
  await plugin.start();
  await within(10_000, `docker0${host} has taken its key`, async () => {
    const status = await statusOf(host);
    return new RegExp(`  ${addressOf(host)}  \\S+  alive`).test(status);
  });
}
async function statusOf(host: number): Promise<string> {
  const { main } = on(host).plugin;
  const env = [`CLUSTER_STORE=${scene.lab.consul.url}`, `CLUSTER_ADVERTISE=${addressOf(host)}`];
  const { stdout, stderr } = await on(host).host.attempt('env', ...env, process.execPath, main, 'status');
  return stdout + stderr;
}
const recordOf = async (part: string): Promise<Record<string, unknown>> => {
  const [key = ''] = await scene.keys(part);
  return JSON.parse((await scene.lab.consul.value(key)) ?? '{}');
};
const clusterVersion = async () => (await recordOf('tsoverlay/cluster')).version;
const endpointOf = async (host: number, container: string) =>
  recordOf(
    await scene.docker(host, 'inspect', '--format', `{{.NetworkSettings.Networks.${NET}.EndpointID}}`, container),
  );
/** By names: each asks the next one, and is asked by it. */
async function allAnswer(...containers: readonly (readonly [number, string])[]): Promise<void> {
  const pairs = containers.flatMap(([host, name], i) => {
    const [other, next] = containers[(i + 1) % containers.length] ?? [host, name];
    return [
      [host, name, next],
      [other, next, name],
    ] as const;
  });
  await Promise.all(
    pairs.map(([host, from, to]) => within(5_000, `${to} answers ${from}`, () => scene.pings(host, from, to))),
  );
}
/** Attaches on each host and has all answer each other; every address is held once. */
async function attach(tag: string): Promise<void> {
  const made = HOSTS.map((host) => [host, `${tag}${host}`] as const);
  const addresses = await Promise.all(made.map(([host, name]) => scene.run(host, name)));
  const before = await Promise.all(HOSTS.map((host) => scene.address(host, `c${host}`)));
  expect(new Set([...addresses, ...before]).size).toBe(2 * HOSTS.length);
  await allAnswer(...made, ...HOSTS.map((host) => [host, `c${host}`] as const));
}
const detach = (tag: string) => Promise.all(HOSTS.map((host) => scene.docker(host, 'rm', '-f', `${tag}${host}`)));
/** A network that one host makes is one on all, and containers reach each other over it. */
async function makeNetwork(host: number, name: string): Promise<void> {
  await scene.docker(host, 'network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', name);
  const ends = [host, (host % HOSTS.length) + 1].map((h) => [h, `${name}${h}`] as const);
  await Promise.all(
    HOSTS.map((h) =>
      within(5_000, `${name} is on docker0${h}`, async () =>
        (await scene.docker(h, 'network', 'ls', '--format', '{{.Name}}')).split('\n').includes(name),
      ),
    ),
  );
  await Promise.all(
    ends.map(([h, c]) => scene.docker(h, 'run', '-d', '--name', c, '--net', name, 'busybox', 'sleep', 'infinity')),
  );
  await allAnswer(...ends);
  await Promise.all(ends.map(([h, c]) => scene.docker(h, 'rm', '-f', c)));
}
/** What the build says when it ends right after its start. */
async function refusal(host: number, main: string): Promise<string> {
  const { plugin } = on(host);
  await plugin.stop();
  plugin.main = main;
  return plugin.start().then(
    () => 'it runs',
    (e: unknown) => String(e),
  );
}

beforeAll(async () => {
  former = await olderBuild(2);
  next = await buildOf(3);
  scene = await Scene.boot({ hosts: 3 });
  for (const host of HOSTS) await run(host, former);
  const [, two = '', three = ''] = await Promise.all(HOSTS.map((host) => scene.run(host, `c${host}`)));
  pings = [
    [1, 'c1', two],
    [1, 'c1', three],
    [3, 'c3', two],
  ];
  await Promise.all(pings.map((way) => ping(...way)));
});
afterAll(() => scene?.down());

it('an encrypted network is none to a release that does not know encryption: nobody makes it in clear', async () => {
  const { consul } = scene.lab;
  const [key = ''] = await scene.keys('tsoverlay/networks/');
  const plain = JSON.parse((await consul.value(key)) ?? '{}');
  const id = 'e'.repeat(64);
  const secret = key.replace(/[^/]+$/, id);
  const subnets = [{ pool: '172.31.250.0/24', aux: {}, vni: 5000 }];
  const announced = { ...plain.announced, name: 'secret' };
  await consul.put(
    secret,
    JSON.stringify({ ...plain, id, announced, subnets, version: 3, options: { encrypted: '' } }),
  );
  await within(5_000, 'it is told of', async () => (await statusOf(1)).includes('e'.repeat(12)));
  await attach('s');
  for (const host of HOSTS) {
    const { stderr } = await on(host).engine.attempt('run', '--rm', '--net', 'secret', 'busybox', 'true');
    expect(stderr).toMatch(/network secret not found/);
    expect(await on(host).host.run('ls', '/run/docker/netns')).not.toContain('eeeeeeeeee');
  }
  await detach('s');
  await consul.remove(secret);
});

it('one host of the next release among those of this one', async () => {
  await attach('a');
  await run(2, next);
  await attach('b');
  expect(await endpointOf(2, 'b2'), 'what the others read').toMatchObject({ version: 2, mac: expect.any(String) });
  await makeNetwork(2, 'from-next');
  await makeNetwork(1, 'from-this');
  expect(await statusOf(2)).toMatch(
    /^records are written in version 2, not 3, until all hosts read that: docker01 at \S+ \(alive, reads 2\), docker03 at \S+ \(alive, reads 2\); upgrade tsoverlay there/m,
  );
  expect(await statusOf(1)).not.toContain('records are written in version');
});

it('goes back to this one', async () => {
  await scene.docker(2, 'rm', '-f', 'a2');
  await run(2, former);
  await allAnswer([1, 'b1'], [2, 'b2'], [3, 'b3'], [2, 'c2']);
  await scene.run(2, 'a2');
  await allAnswer([1, 'a1'], [2, 'a2'], [3, 'a3']);
  await makeNetwork(2, 'from-former');
  await scene.docker(2, 'network', 'rm', 'from-next');
  expect(await clusterVersion()).toBe(2);
});

it('all of the next release: then the version is raised', async () => {
  for (const host of HOSTS) await run(host, next);
  await scene.run(1, 'early');
  expect(await endpointOf(1, 'early')).toMatchObject({ version: 2 });
  await attach('late');
  const ms = await within(RAISED_MS, 'the version is raised', async () => (await clusterVersion()) === 3);
  console.log(`raised after ${ms} ms`);
  await within(35_000, 'all have noticed', async () => {
    const logs = await Promise.all(HOSTS.map((host) => scene.pluginLog(host)));
    return logs.every((log) => log.includes('records are written in version 3 from now on'));
  });
  await detach('late');
  await detach('a');
  await attach('newer');
  expect(await endpointOf(3, 'newer3')).toMatchObject({ version: 3, card: expect.any(String) });
  expect(await endpointOf(3, 'c3'), 'written before').toMatchObject({ version: 2 });
  await makeNetwork(3, 'from-newer');
  await allAnswer([1, 'b1'], [2, 'b2'], [3, 'b3']);
  for (const host of HOSTS) expect(await statusOf(host)).not.toContain('records are written in version');
});

it('from then on this release is refused, and cuts nothing', async () => {
  const sentence = /in Consul at \S+ has records of version 3 and this tsoverlay reads up to 2; install the release/;
  expect(await refusal(3, former)).toMatch(sentence);
  expect(await statusOf(3)).toMatch(sentence);
  // It starts without Consul, with files of the next release that it does not know, and hears of it only later.
  const before = await scene.inside(3, 'ip -o link; bridge fdb');
  await on(3).run('nft', 'add', 'table', 'inet', 'away');
  await on(3).run('nft', 'add', 'chain', 'inet', 'away', 'out', '{ type filter hook output priority 0 ; }');
  await on(3).run('nft', 'add', 'rule', 'inet', 'away', 'out', 'tcp', 'dport', '8500', 'drop');
  const from = (await scene.pluginLog(3)).length;
  await on(3).plugin.start();
  await sleep(10_000);
  expect(await scene.inside(3, 'ip -o link; bridge fdb')).toBe(before);
  await on(3).run('nft', 'delete', 'table', 'inet', 'away');
  await within(30_000, 'it says so', async () => sentence.test((await scene.pluginLog(3)).slice(from)));
  expect((await on(3).engine.attempt('run', '--rm', '--net', NET, 'busybox', 'true')).ok).toBe(false);
  await sleep(5_000);
  expect(await scene.inside(3, 'ip -o link; bridge fdb')).toBe(before);
  await allAnswer([1, 'c1'], [2, 'c2']);
  expect(await clusterVersion()).toBe(3);
});

it('a release that writes only newer records is refused by name of those that cannot read them', async () => {
  expect(await refusal(3, await buildOf(5))).toMatch(
    /has hosts that read too old a version for this tsoverlay, which writes 4 or 5: docker01 at 10\.0\.0\.60 \(alive, reads 3\)/,
  );
  await run(3, next);
  await attach('d');
});

it('no ping was lost meanwhile', async () => {
  const asking = new Map(pings.map(([host, container]) => [container, host]));
  for (const [container, host] of asking) await scene.docker(host, 'exec', container, 'killall', '-INT', 'ping');
  await sleep(500);
  for (const [host, container, address] of pings)
    expect(lost(await scene.docker(host, 'exec', container, 'cat', `/ping-${address}`)), address).toBe(0);
});
