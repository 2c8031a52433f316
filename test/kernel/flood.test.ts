/** Whatever containers make the kernel tell, and however much of it is lost: the process lives, and sees what counts. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Watcher } from '../../src/kernel/networks/watcher.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import type { Notice } from '../../src/model/diff/drift.js';
import { Bench, type Host, NS, run } from './bench.js';

const MAC = '02:42:ac:10:01:02';
const MB = 1 << 20;

let bench: Bench;
let host: Host;
let told: Notice[];
const kinds = () => told.map((n) => n.kind);
const batch = (tool: string, lines: readonly string[], path = host.inside) =>
  execFileSync('nsenter', [`--net=${path}`, tool, '-force', '-batch', '-'], { input: lines.join('\n'), stdio: 'pipe' });

const macOf = (n: number) =>
  `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
const entries = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => `fdb add ${macOf(from + n)} dev vxlan0 dst 10.0.0.9 self permanent`);

/** Waiting bytes and lost messages of the sockets that listen in a namespace (netlink(7), /proc/net/netlink). */
const listeners = (path: string) =>
  run(path, 'cat', '/proc/net/netlink')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((f) => f[1] === '0' && f[3] !== '00000000' && f.length > 8)
    .map((f) => ({ waiting: Number(f[4]), lost: Number(f[8]) }));

beforeEach(async () => {
  bench = new Bench();
  host = bench.host('host');
  told = [];
  await host.network('172.16.1.254/16');
});
afterEach(() => bench.close());

test('an ARP flood from a container makes no news and no look longer, and what somebody breaks is still told', async () => {
  const container = bench.namespace('container');
  await host.port(0);
  run(host.path, 'ip', 'link', 'set', 'vethc0', 'netns', container, 'up');
  // As older builds made it, and the native driver: it tells of every unknown address.
  run(host.inside, ...'ip link add noisy type vxlan id 999 dstport 4790 nolearning proxy l2miss l3miss'.split(' '));
  run(host.inside, ...'ip link set noisy master br0'.split(' '));
  run(host.inside, ...'ip link set noisy type bridge_slave learning off'.split(' '));
  run(host.inside, ...'ip link set noisy up'.split(' '));
  await host.peer('172.16.1.2', MAC, '10.0.0.71');
  await host.kernel.watch(NS, (notices) => told.push(...notices));
  await sleep(100);
  told = [];
  // Nobody reads meanwhile.
  const args = ['--import', 'tsx', 'test/kernel/flood.ts', container, 'vethc0', '172.16.1.254', '200000'];
  expect(Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))).toBeGreaterThan(100_000);
  expect(listeners(host.inside)).toEqual([{ waiting: 0, lost: 0 }]);
  await sleep(50);
  expect(told).toEqual([]);

  expect(Number(run(host.inside, 'sh', '-c', 'ip neigh show dev br0 | wc -l'))).toBeGreaterThan(1_000);
  const before = process.memoryUsage().external;
  const seen = await host.kernel.observe(NS);
  expect([seen?.neighbours.length, seen?.fdb.length]).toEqual([1, 1]);
  expect(process.memoryUsage().external - before).toBeLessThan(MB / 4);

  run(host.inside, 'ip', 'neigh', 'delete', '172.16.1.2', 'dev', 'vxlan0');
  run(host.inside, 'bridge', 'fdb', 'delete', MAC, 'dev', 'vxlan0', 'dst', '10.0.0.71', 'self');
  await expect.poll(kinds).toEqual(['neighbour', 'fdb']);
});

test('5,000 FDB entries added by hand are read, and cost no memory', async () => {
  await host.kernel.watch(NS, (notices) => told.push(...notices));
  batch('bridge', entries(500));
  await expect.poll(() => told.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(500);
  const before = process.memoryUsage();
  batch('bridge', entries(5_000, 500));
  await expect.poll(() => told.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(5_500);
  const { rss, external } = process.memoryUsage();
  expect(external - before.external).toBeLessThan(4 * MB);
  expect(rss - before.rss).toBeLessThan(20 * MB);
});

test('a namespace of 3,000 entries goes while it is watched', async () => {
  batch('bridge', entries(3_000));
  batch(
    'ip',
    [...Array(3_000).keys()].map(
      (n) => `neigh add 172.16.${n >> 8}.${n & 255} lladdr ${macOf(n)} dev vxlan0 nud permanent`,
    ),
  );
  for (let round = 0; round < 3; round++) {
    await host.kernel.watch(NS, (notices) => told.push(...notices));
    run(host.inside, 'ip', 'link', 'delete', 'vxlan0');
    await expect
      .poll(() => told, { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ link: 'vxlan0', gone: true }));
    await host.apply({ kind: 'removeNamespace' });
    await host.network();
    told = [];
  }
});

describe('a socket that overruns', () => {
  let watcher: Watcher;
  beforeEach(async () => {
    watcher = withNamespace(host.inside, () => new Watcher((notices) => told.push(...notices), { newsBytes: 16_384 }));
    await sleep(50);
    told = [];
  });
  afterEach(() => watcher.close());

  test('is told of as lost once, after which news go on', async () => {
    for (let round = 0; round < 3; round++) {
      told = [];
      batch('bridge', [...entries(2_000), ...entries(2_000).map((line) => line.replace('add', 'delete'))]);
      expect(listeners(host.inside)[0]?.lost).toBeGreaterThan(1_000);
      await expect.poll(kinds).toContain('lost');
      expect(kinds().filter((kind) => kind === 'lost')).toHaveLength(1);
      told = [];
      run(host.inside, 'ip', 'link', 'set', 'br0', 'mtu', '1400');
      await expect.poll(kinds).toContain('link');
      run(host.inside, 'ip', 'link', 'set', 'br0', 'mtu', '1450');
    }
  });

  test('does not tell of more than a hundred looks a second while it goes on', async () => {
    const lines = [...entries(2_000), ...entries(2_000).map((line) => line.replace('add', 'delete'))];
    const began = performance.now();
    const flood = spawn('nsenter', [`--net=${host.inside}`, 'bridge', '-force', '-batch', '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    flood.stdin.end(Array(20).fill(lines.join('\n')).join('\n'));
    await new Promise((resolve) => flood.on('exit', resolve));
    await sleep(100);
    expect(kinds().filter((kind) => kind === 'lost').length).toBeLessThan((performance.now() - began) / 10);
  });
});

test('a request that waits for the kernel’s lock holds nothing else up', async () => {
  const other = bench.namespace('other');
  const pairs = [...Array(1_500).keys()].map((n) => `link add a${n} group 7 type veth peer name b${n} group 7`);
  batch('ip', pairs, other);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 2);
  const removal = spawn('nsenter', [`--net=${other}`, 'ip', 'link', 'delete', 'group', '7'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => removal.on('exit', resolve));
  let [longest, meanwhile] = [0, 0];
  while (removal.exitCode === null) {
    const [began, before] = [performance.now(), ticks];
    await host.apply({ kind: 'setUp', link: 'br0' });
    const ms = performance.now() - began;
    if (ms > longest) [longest, meanwhile] = [ms, ticks - before];
  }
  await ended;
  clearInterval(timer);
  expect(longest).toBeGreaterThan(20);
  // Where the process itself waits there is none, or one on either side.
  expect(meanwhile).toBeGreaterThan(3);
});

test('the native part of the netlink package is not loaded', () => {
  expect(readFileSync('/proc/self/maps', 'utf8')).toMatch(/koffi.*\.node/);
  expect(readFileSync('/proc/self/maps', 'utf8')).not.toMatch(/node_modules\/netlink\//);
});
