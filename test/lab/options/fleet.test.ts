/** Fifteen containers on each of two hosts, started at once: no address twice, all reachable, nothing left. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lab } from '../lab.js';
import { within } from '../waiting.js';

const PER_HOST = 15;
const HOSTS = [1, 2];

let lab: Lab;
const docker = (host: number, ...args: string[]) => lab.host(host).docker(...args);
const name = (host: number, n: number) => `c${host}-${n}`;
const all = HOSTS.flatMap((host) => Array.from({ length: PER_HOST }, (_, n) => ({ host, name: name(host, n) })));

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
});
afterAll(() => lab?.down());

it('thirty containers started at once have thirty addresses', async () => {
  await Promise.all(
    all.map((c) => docker(c.host, 'run', '-d', '--name', c.name, '--net', 'one', 'busybox', 'sleep', 'infinity')),
  );
  const addresses = await Promise.all(
    all.map((c) => docker(c.host, 'inspect', '--format', '{{.NetworkSettings.Networks.one.IPAddress}}', c.name)),
  );
  expect(new Set(addresses).size).toBe(all.length);
  // Not the lowest: two hosts that want many at once keep out of each other's way (see src/registry/ipam/contention.ts).
  expect(addresses.filter((a) => !/^172\.16\.1\.\d+$/.test(a) || a === '172.16.1.1')).toEqual([]);
});

it('every one reaches every other by its name', async () => {
  const targets = all.map((c) => c.name).join(' ');
  // One shell per container: a ping to each name, and the names that did not answer.
  const script = `for c in ${targets}; do ping -c1 -W2 $c >/dev/null || echo $c; done`;
  const lost: string[] = [];
  for (const host of HOSTS)
    for (let n = 0; n < PER_HOST; n += 5)
      await Promise.all(
        Array.from({ length: 5 }, async (_, i) => {
          const from = name(host, n + i);
          const missed = await docker(host, 'exec', from, 'sh', '-c', script);
          if (missed !== '') lost.push(`${from}: ${missed.replaceAll('\n', ' ')}`);
        }),
      );
  expect(lost).toEqual([]);
});

it('nothing is left when all are removed: no address, endpoint, veth, namespace or FDB entry', async () => {
  await Promise.all(
    HOSTS.map((host) => docker(host, 'rm', '-f', ...all.filter((c) => c.host === host).map((c) => c.name))),
  );
  await within(3_000, 'Consul has the gateway alone', async () => {
    const keys = await lab.consul.keys('tsoverlay/');
    return keys.filter((k) => /\/(addresses|endpoints)\//.test(k)).length === 1;
  });
  for (const host of HOSTS)
    await within(3_000, `docker0${host} has no link and no namespace of ours`, async () => {
      const links = await lab.host(host).run('ip', '-br', 'link');
      const namespaces = await lab.host(host).run('ls', '/run/docker/netns');
      return !/veth|vx-/.test(links) && !/^1-/m.test(namespaces);
    });
});
