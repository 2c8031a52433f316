/** A container with CAP_NET_ADMIN that breaks its own end over and over hurts itself alone. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { record } from './record.js';
import { Scene } from './scene.js';

const PROMISE_MS = 3_000;
const ATTACK_S = 20;

let scene: Scene;
let other: string;
beforeAll(async () => {
  scene = await Scene.boot();
  await scene.run(1, 'here');
  await scene.run(2, 'there');
  await scene.docker(
    1,
    'network',
    'create',
    '-d',
    'tsoverlay',
    '--ipam-driver',
    'tsoverlay',
    '--subnet',
    '172.16.2.0/24',
    'two',
  );
  for (const name of ['left', 'right'])
    await scene.docker(1, 'run', '-d', '--name', name, '--net', 'two', 'busybox', 'sleep', 'infinity');
  const id = await scene.docker(1, 'network', 'inspect', '-f', '{{.Id}}', 'two');
  const files = await scene.lab.host(1).run('ls', '/run/docker/netns');
  other = files.split('\n').find((file) => file.startsWith('1-') && id.startsWith(file.slice(2))) ?? '';
});
afterAll(() => scene?.down());

const repairs = async () =>
  (await scene.pluginLog(1)).split('\n').filter((line) => /repaired|put back/.test(line)).length;
/** How long one name takes, as the container sees it, ms. */
const lookup = async (): Promise<number> => {
  const told = await scene.docker(1, 'exec', 'left', 'sh', '-c', '{ time nslookup right; } 2>&1');
  return 1_000 * Number(/real\s+0m ([\d.]+)s/.exec(told)?.[1]);
};

/** `ip link …` in the namespace of the other network. */
const inOther = (line: string) =>
  scene.lab.host(1).run('nsenter', `--net=/run/docker/netns/${other}`, 'ip', 'link', ...line.split(' '));

const rssMb = () => {
  const pid = scene.lab.host(1).host.process('tsoverlay')?.pid;
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
};

describe.each([
  ['deletes its card', 'ip link delete eth0'],
  ['sets its card down and up', 'ip link set eth0 down; ip link set eth0 up'],
  [
    'makes and removes links and addresses',
    'for n in 1 2 3 4 5 6 7 8 9; do ip link add b$n type bridge; ip address add 10.9.$n.1/24 dev b$n; done; for n in 1 2 3 4 5 6 7 8 9; do ip link delete b$n; done',
  ],
])('one that %s in a loop', (what, command) => {
  it('is repaired at a pace, and another network as ever', async () => {
    const [before, memory] = [await repairs(), rssMb()];
    await scene.run(1, 'wild', '--cap-add', 'NET_ADMIN', '--cpus', '0.5');
    await scene.docker(1, 'exec', '-d', 'wild', 'sh', '-c', `while :; do ${command}; done >/dev/null 2>&1`);
    await sleep(2_000);
    const [mended, named]: [number[], number[]] = [[], []];
    for (const began = performance.now(); performance.now() - began < ATTACK_S * 1_000; await sleep(500)) {
      await inOther('set br0 mtu 1400');
      const isMended = async () => (await inOther('show br0')).includes('mtu 1450');
      mended.push(await within(PROMISE_MS, 'another network is repaired', isMended));
      named.push(await lookup());
    }
    expect(await scene.pings(1, 'here', 'there')).toBe(true);
    await scene.docker(1, 'rm', '-f', 'wild');
    await scene.docker(1, 'run', '--rm', '--net', 'one', 'busybox', 'true');
    expect(rssMb() - memory).toBeLessThan(20);
    // A hundred lines at once, and those of the other network.
    const made = (await repairs()) - before;
    expect(made).toBeLessThan(160);
    expect(Math.max(...named)).toBeLessThan(1_000);
    await record(
      `a container ${what} in a loop`,
      `${made} lines in the log; another network mended in ${Math.max(...mended)} ms, named in ${Math.max(...named)} ms at most`,
    );
  });
});
