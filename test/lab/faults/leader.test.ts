/** Three Consul servers, whose leader is killed. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consulBinary } from '../cache.js';
import { ENGINE } from '../engine-choice.js';
import { type DockerHost, Lab } from '../lab.js';
import { within } from '../waiting.js';
import { record } from './record.js';
import { lost } from './scene.js';

const PLACE = ['-server', '-bootstrap-expect=3', '-data-dir', '/var/lib/consul'];

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.boot({ engine: ENGINE, hosts: 3, consul: false, plugin: false });
  const join = lab.hosts.flatMap((h) => ['-retry-join', h.address]);
  const quick = ['-retry-interval', '1s', '-hcl', 'performance { raft_multiplier = 1 }', '-client', '0.0.0.0'];
  for (const h of lab.hosts)
    await h.host.service('consul', [consulBinary(), 'agent', ...PLACE, '-bind', h.address, ...join, ...quick]);
  await within(30_000, 'a leader', async () => (await leader()) !== undefined);
  const store = `consul://${lab.hosts.map((h) => `${h.address}:8500`).join(',')}`;
  await Promise.all(lab.hosts.map((h) => h.plugin.start({ CLUSTER_STORE: store })));
  await lab.host(1).docker('network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', 'one');
  for (const h of lab.hosts)
    await within(5_000, 'the network is there', async () =>
      (await h.docker('network', 'ls', '--format', '{{.Name}}')).split('\n').includes('one'),
    );
  for (const [i, h] of lab.hosts.entries()) await run(h, `c${i + 1}`);
});
afterAll(() => lab?.down());

const run = (h: DockerHost, name: string) =>
  h.docker('run', '-d', '--name', name, '--net', 'one', 'busybox', 'sleep', 'infinity');

async function leader(): Promise<DockerHost | undefined> {
  for (const h of lab.hosts) {
    const { stdout } = await h.host.attempt(consulBinary(), 'operator', 'raft', 'list-peers');
    const line = stdout.split('\n').find((l) => / leader /.test(l));
    const found = lab.hosts.find((o) => line?.includes(`${o.address}:`));
    if (found) return found;
  }
  return undefined;
}

it('the leader is killed while containers start', async () => {
  const dead = await leader();
  if (dead === undefined) throw new Error('no leader');
  const from = lab.hosts.find((h) => h !== dead) as DockerHost;
  const [source, target] = [`c${lab.hosts.indexOf(from) + 1}`, `c${lab.hosts.indexOf(dead) + 1}`];
  const format = '{{.NetworkSettings.Networks.one.IPAddress}}';
  const address = await dead.docker('inspect', '--format', format, target);
  const pings = from.docker('exec', source, 'ping', '-i', '0.1', '-c', '150', address);
  const runs = Array.from({ length: 12 }, (_, n) => run(lab.hosts[n % 3] as DockerHost, `n${n}`));
  await dead.host.endService('consul', 'SIGKILL', 5);
  const outcomes = await Promise.allSettled(runs);
  const names = outcomes.flatMap((o, n) => (o.status === 'fulfilled' ? [`n${n}`] : []));
  const reasons = outcomes.flatMap((o) => (o.status === 'rejected' ? [String(o.reason)] : []));
  for (const words of reasons) expect(words).toContain('tsoverlay');
  const after = await within(
    20_000,
    'containers start',
    async () => (await dead.engine.attempt('run', '--rm', '--net', 'one', 'busybox', 'true')).ok,
  );
  const script = `for c in ${names.join(' ')}; do ping -c1 -W2 $c >/dev/null || echo $c; done`;
  await within(
    10_000,
    'all answer by name',
    async () => (await from.docker('exec', source, 'sh', '-c', script)) === '',
  );
  expect(lost(await pings)).toBe(0);
  await record(
    'leader killed in a three-server Consul, 12 docker run under way',
    `0 of 150 packets lost; ${names.length} started, ${reasons.length} refused; a container on that host starts ${after} ms later`,
  );
});
