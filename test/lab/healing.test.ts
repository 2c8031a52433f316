/** A Consul that was replaced by an empty one, and hosts that start without any. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lab } from './lab.js';
import { within } from './waiting.js';

let lab: Lab;
const docker = (host: number, ...args: string[]) => lab.host(host).docker(...args);
const pings = (host: number, from: string, to: string) =>
  lab
    .host(host)
    .engine.attempt('exec', from, 'ping', '-c1', '-W1', to)
    .then(({ ok }) => ok);
const keys = async () =>
  (await lab.consul.keys('tsoverlay/')).filter((k) => /\/(networks|names|vnis|pools|addresses|endpoints)\//.test(k));
const address = (host: number, name: string) =>
  docker(host, 'inspect', '--format', '{{.NetworkSettings.Networks.one.IPAddress}}', name);

beforeAll(async () => {
  lab = await Lab.boot();
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
    await docker(host, 'run', '-d', '--name', `c${host}`, '--net', 'one', 'busybox', 'sleep', 'infinity');
  await within(2_000, 'c2 answers', () => pings(1, 'c1', 'c2'));
});
afterAll(() => lab?.down());

it('an empty Consul gets all back within 10 s: same keys, no packet lost, names answer', async () => {
  const before = await keys();
  const traffic = docker(1, 'exec', 'c1', 'ping', '-i', '0.05', '-c', '500', await address(2, 'c2'));
  // The lab's Consul keeps nothing.
  await lab.consul.kill();
  await lab.consul.start();
  await within(10_000, 'all keys are back', async () => JSON.stringify(await keys()) === JSON.stringify(before));
  expect(await pings(1, 'c1', 'c2')).toBe(true);
  expect(await pings(2, 'c2', 'c1')).toBe(true);
  expect(await traffic).toContain('500 packets transmitted, 500 packets received, 0% packet loss');
  for (const host of [1, 2]) expect(await docker(host, 'network', 'ls', '--format', '{{.Name}}')).toContain('one');
});

it('what is removed afterwards stays removed, once the time to doubt is over', async () => {
  await docker(2, 'run', '-d', '--name', 'brief', '--net', 'one', 'busybox', 'sleep', 'infinity');
  await docker(2, 'rm', '-f', 'brief');
  await within(25_000, 'the name is gone on docker01', async () => !(await pings(1, 'c1', 'brief')));
  await docker(
    1,
    'network',
    'create',
    '-d',
    'tsoverlay',
    '--ipam-driver',
    'tsoverlay',
    '--subnet',
    '172.16.7.0/24',
    'two',
  );
  await docker(1, 'network', 'rm', 'two');
  await within(2_000, 'no host has it', async () =>
    (await Promise.all([1, 2].map((host) => docker(host, 'network', 'ls', '--format', '{{.Name}}')))).every(
      (n) => !n.includes('two'),
    ),
  );
});

it('a host that starts without Consul has data plane and names of its running containers all the same', async () => {
  await lab.consul.kill();
  const traffic = docker(1, 'exec', 'c1', 'ping', '-i', '0.05', '-c', '200', await address(2, 'c2'));
  for (const host of [1, 2]) await lab.host(host).plugin.restart();
  await within(8_000, 'c2 answers by its name', () => pings(1, 'c1', 'c2'));
  await within(8_000, 'c1 answers by its name', () => pings(2, 'c2', 'c1'));
  expect(await traffic).toContain('200 packets transmitted, 200 packets received, 0% packet loss');
  // And an empty one that comes then is filled from the copies.
  const held = [1, 2].map((host) => address(host, `c${host}`));
  await lab.consul.start();
  await within(15_000, 'both leases are back', async () => {
    const all = await keys();
    return (await Promise.all(held)).every((ip) => all.some((k) => k.endsWith(`/${ip}`)));
  });
  expect(await pings(1, 'c1', 'c2')).toBe(true);
});
