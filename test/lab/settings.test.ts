/** Wrong settings end the start with one sentence that names the setting; Consul being down does not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctor } from '../../src/cli/commands/doctor.js';
import { type DockerHost, Lab } from './lab.js';
import { json, tsoverlay } from './operate/operator.js';
import { PLUGIN_MAIN } from './paths.js';
import { within } from './waiting.js';

let lab: Lab;
beforeAll(async () => {
  // One that forgets all when it ends would be another cluster, and addresses wait for hosts that fill it again.
  lab = await Lab.boot({ hosts: 1, plugin: false, consul: true, durableConsul: true });
});
afterAll(() => lab?.down());

const start = (...settings: string[]) =>
  lab
    .host(1)
    .host.attempt(
      'env',
      'CLUSTER_STORE=consul://10.0.0.60:8500',
      'CLUSTER_ADVERTISE=eth0',
      ...settings,
      process.execPath,
      PLUGIN_MAIN,
    );

describe('a wrong setting ends the start with one sentence', () => {
  it.each([
    [['CLUSTER_ADVERTISE=eth7'], 'CLUSTER_ADVERTISE is "eth7", but this host has no interface "eth7"; it has lo, eth0'],
    [
      ['CLUSTER_ADVERTISE=192.0.2.1'],
      'CLUSTER_ADVERTISE is "192.0.2.1", an address that no interface of this host has',
    ],
    [['CLUSTER_STORE=http://10.0.0.60:8500'], 'CLUSTER_STORE is "http://10.0.0.60:8500"'],
    [['CLUSTER_STORE=consul://10.0.0.60:port'], 'in which "10.0.0.60:port" is no host:port'],
    [['CLUSTER_STORE_OPTS=kv.password=x'], 'CLUSTER_STORE_OPTS has "kv.password", which is unknown'],
    [
      ['CLUSTER_STORE_OPTS=kv.cacertfile=/no/such'],
      'CLUSTER_STORE_OPTS names kv.cacertfile=/no/such, which cannot be read',
    ],
    [['DATA_DIR=/proc/nowhere'], 'DATA_DIR is "/proc/nowhere", which cannot be written'],
    [['VXLAN_PORT=0'], 'VXLAN_PORT is "0"; it must be a UDP port, a number from 1 to 65535'],
    [['LOG_LEVEL=loud'], 'LOG_LEVEL is "loud"; it must be one of'],
  ])('%s', async (settings, sentence) => {
    const { ok, stderr, stdout } = await start(...settings);
    expect(ok).toBe(false);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ event: 'ended', err: expect.stringContaining(sentence) });
  });

  it('and all wrong settings are named at once', async () => {
    const { stderr } = await start('CLUSTER_ADVERTISE=eth7', 'LOG_LEVEL=loud');
    expect(stderr).toContain('CLUSTER_ADVERTISE');
    expect(stderr).toContain('LOG_LEVEL');
  });
});

it('a socket that another living process serves is left to it', async () => {
  const { plugin } = lab.host(1);
  await plugin.start();
  const { ok, stderr } = await start();
  expect(ok).toBe(false);
  expect(stderr).toContain('another tsoverlay serves this host already (it holds /run/docker/plugins/tsoverlay.lock)');
  await plugin.kill();
  // What a kill -9 leaves behind is no living process.
  await plugin.start();
  await plugin.stop();
});

it('Consul being down does not: the socket is served, calls answer with the reason, and work when it is back', async () => {
  const { plugin, engine, docker } = lab.host(1);
  await lab.consul.kill();
  await plugin.start();
  const create = [
    'network',
    'create',
    '-d',
    'tsoverlay',
    '--ipam-driver',
    'tsoverlay',
    '--subnet',
    '172.16.1.0/24',
    'one',
  ];
  const { ok, stderr } = await engine.attempt(...create);
  expect(ok).toBe(false);
  expect(stderr).toContain('the cluster store is out of reach');
  expect(stderr).toContain('10.0.0.60:8500');
  await lab.consul.start();
  await within(5_000, 'the network can be created', async () => (await engine.attempt(...create)).ok);
  await docker('run', '--rm', '--net', 'one', 'busybox', 'true');
  await docker('network', 'rm', 'one');
  await plugin.stop();
});

it('without CLUSTER_STORE one host works by itself, and keeps its networks', async () => {
  const { plugin, docker } = lab.host(1);
  const alone = { CLUSTER_STORE: '', DATA_DIR: '/var/lib/tsoverlay/alone' };
  await plugin.start(alone);
  await docker(
    'network',
    'create',
    '-d',
    'tsoverlay',
    '--ipam-driver',
    'tsoverlay',
    '--subnet',
    '172.16.2.0/24',
    'solo',
  );
  await docker('run', '-d', '--name', 'first', '--net', 'solo', 'busybox', 'sleep', 'infinity');
  await plugin.restart(alone);
  await docker('run', '--rm', '--net', 'solo', 'busybox', 'ping', '-c1', '-W1', 'first');
  await beside(lab.host(1));
  await docker('rm', '-f', 'first');
  await docker('network', 'rm', 'solo');
});

/** What the operator's commands say while the one that serves has its store in a file, and that they do it no harm. */
async function beside(h: DockerHost): Promise<void> {
  const status = () => tsoverlay(h, 'status');
  await within(20_000, 'status has nothing to say against it', async () => (await status()).status === 0);
  const { stdout } = await status();
  expect(stdout).toMatch(/^1 nodes\n {2}10\.0\.0\.60 {2}docker01 {2}alive /);
  expect(stdout).not.toContain('node forget');
  expect(stdout).toMatch(/^store: a file of this host$/m);
  const { findings } = doctor.json.parse(await json(h, 'doctor'));
  expect(findings.filter(({ code }) => /^(cluster|store)\./.test(code))).toEqual([]);
  expect(await tsoverlay(h, 'ipam', 'check')).toMatchObject({ status: 0, stderr: '' });
  expect(await tsoverlay(h, 'node', 'forget', '10.0.0.60', '--yes')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^tsoverlay: the store is a file of this host alone .*$/),
  });
  for (let n = 0; n < 3; n++) {
    const asked = [status(), tsoverlay(h, 'ipam', 'check'), tsoverlay(h, 'doctor')];
    await h.docker('run', '--rm', '--net', 'solo', 'busybox', 'ping', '-c1', '-W1', 'first');
    await Promise.all(asked);
  }
  expect((await status()).stdout, 'no write of the one that serves was lost').toMatch(/ alive .* 1 endpoints/m);
  const files = await h.run('ls', '/var/lib/tsoverlay/alone');
  expect(files.split('\n').filter((name) => name.startsWith('store.json'))).toEqual(['store.json']);
}
