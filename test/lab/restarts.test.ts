/** The plugin's and the engine's restarts: traffic runs through the one, all is back after the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from './lab.js';
import { NEWEST } from './tours.js';
import { within } from './waiting.js';
import { namespaceOf } from './walkthrough.js';

const KERNEL_STEP = '"msg":"kernel step"';

describe.each(NEWEST)('restarts on %s', (engine) => {
  let lab: Lab;
  const docker = (host: number, ...args: string[]) => lab.host(host).docker(...args);
  const pings = (host: number, from: string, to: string) =>
    lab
      .host(host)
      .engine.attempt('exec', from, 'ping', '-c1', '-W1', to)
      .then(({ ok }) => ok);
  const log = async (host: number) => (await import('node:fs/promises')).readFile(lab.host(host).plugin.log(), 'utf8');

  beforeAll(async () => {
    lab = await Lab.boot({ engine });
    await docker(
      1,
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/24',
      'one',
    );
    await within(1_000, 'the network is on docker02', async () =>
      (await docker(2, 'network', 'ls', '--format', '{{.Name}}')).split('\n').includes('one'),
    );
    for (const host of [1, 2])
      await docker(
        host,
        'run',
        '-d',
        '--restart=always',
        '--name',
        `keep${host}`,
        '--net',
        'one',
        'busybox',
        'sleep',
        'infinity',
      );
  });
  afterAll(() => lab?.down());

  it('a stop of the plugin right after the last container of a network leaves nothing of it in the kernel', async () => {
    const ours = ['--ipam-driver', 'tsoverlay', '--subnet', '172.16.9.0/24'];
    await docker(1, 'network', 'create', '-d', 'tsoverlay', ...ours, 'brief');
    await docker(1, 'run', '-d', '--name', 'brief', '--net', 'brief', 'busybox', 'sleep', 'infinity');
    const namespace = await namespaceOf(lab.host(1), 'brief');
    expect(await lab.host(1).run('ls', '/run/docker/netns')).toContain(namespace);
    await docker(1, 'rm', '-f', 'brief');
    await lab.host(1).plugin.stop();
    expect(await lab.host(1).run('ls', '/run/docker/netns')).not.toContain(namespace);
    await lab.host(1).plugin.start();
    await docker(1, 'network', 'rm', 'brief');
  });

  it.each(['restart', 'kill'] as const)('no packet is lost through a %s of the plugin on both hosts', async (how) => {
    // 20 a second for 8 s, longer than both restarts take. By address: with the plugin away nobody knows keep2.
    const address = await docker(2, 'inspect', '--format', '{{.NetworkSettings.Networks.one.IPAddress}}', 'keep2');
    const traffic = docker(1, 'exec', 'keep1', 'ping', '-i', '0.05', '-c', '160', address);
    for (const host of [1, 2]) {
      const { plugin } = lab.host(host);
      const before = (await log(host)).length;
      if (how === 'restart') await plugin.stop();
      else await plugin.kill();
      await plugin.start();
      await within(5_000, 'the cluster is loaded', async () =>
        (await log(host)).slice(before).includes('cluster loaded'),
      );
      expect((await log(host)).slice(before)).not.toContain(KERNEL_STEP);
    }
    expect(await traffic).toContain('160 packets transmitted, 160 packets received, 0% packet loss');
    expect(await pings(2, 'keep2', 'keep1')).toBe(true);
  });

  it.each(['stop', 'kill'] as const)('containers and networks are back after dockerd %s and start', async (how) => {
    const { engine: dockerd } = lab.host(2);
    await dockerd[how]();
    await dockerd.start();
    await within(15_000, 'keep2 answers by its name', () => pings(1, 'keep1', 'keep2'));
    await within(15_000, 'keep1 answers by its name', () => pings(2, 'keep2', 'keep1'));
    expect(await docker(2, 'network', 'ls', '--filter', 'driver=tsoverlay', '--format', '{{.Name}}')).toBe('one');
    await within(5_000, 'one endpoint and one address per container, and a gateway', async () => {
      const keys = await lab.consul.keys('tsoverlay/');
      return (
        keys.filter((k) => k.includes('/endpoints/')).length === 2 &&
        keys.filter((k) => k.includes('/addresses/')).length === 3
      );
    });
  });

  it('what was removed while the plugin was away is cleaned up when it returns', async () => {
    await docker(2, 'run', '-d', '--name', 'brief', '--net', 'one', 'busybox', 'sleep', 'infinity');
    await lab.host(2).plugin.stop();
    // The engine tries for some 15 s to tell the plugin, in each of three calls.
    const gone = lab.host(2).engine.attempt('rm', '-f', 'brief');
    await lab.host(2).plugin.start();
    await gone;
    await within(
      10_000,
      'its endpoint is gone',
      async () => (await lab.consul.keys('tsoverlay/endpoints/')).length === 2,
    );
  });
});
