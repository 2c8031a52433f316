/** One rtnetlink socket under bad conditions: a dump that goes wrong never leaves it unusable. */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listFdb } from '../../src/kernel/links/fdb.js';
import { addLink, formatLink, listLinks, setLink } from '../../src/kernel/links/links.js';
import { listNeighbours } from '../../src/kernel/links/neighbours.js';
import { Rtnetlink } from '../../src/kernel/netlink/rtnetlink.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { Bench, run } from './bench.js';

const GETLINK = 18;

let bench: Bench;
let space: string;
let socket: Rtnetlink;
const batch = (tool: string, lines: readonly string[]) =>
  execFileSync('nsenter', [`--net=${space}`, tool, '-batch', '-'], { input: lines.join('\n') });

beforeEach(() => {
  bench = new Bench();
  space = bench.namespace('space');
  socket = withNamespace(space, () => new Rtnetlink());
  batch(
    'ip',
    [...Array(150).keys()].map((n) => `link add b${n} type bridge`),
  );
});
afterEach(() => {
  socket.close();
  bench.close();
});

test('a kind of device that this kernel lacks is said in words for people', async () => {
  await expect(addLink(socket, { name: 'x0', kind: 'nonesuch' })).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('load the module nonesuch (modprobe nonesuch)'),
  });
});

test('a dump whose reader fails in the middle is given up, and the next one is whole', async () => {
  const broken = () => {
    throw new Error('not a link');
  };
  for (let round = 0; round < 3; round++) {
    await expect(socket.dump('ip link show', GETLINK, formatLink(0, {}), broken)).rejects.toThrow('not a link');
    await setLink(socket, 'lo', { up: true });
    expect(await listLinks(socket)).toHaveLength(151);
  }
});

test('a refused dump is an error, and the next one is whole', async () => {
  await expect(socket.dump('ip link show', GETLINK, Buffer.alloc(2), () => 1)).rejects.toMatchObject({
    code: 'EINVAL',
  });
  expect(await listLinks(socket)).toHaveLength(151);
});

test('links that change without end: a dump of one moment, or EINTR after two seconds', async () => {
  const script = `${space}.churn`;
  writeFileSync(script, 'link add churn type bridge\nlink delete churn\n'.repeat(50_000));
  const churn = spawn('nsenter', [`--net=${space}`, 'ip', '-force', '-batch', script], { stdio: 'ignore' });
  try {
    for (let n = 0; n < 20; n++) {
      const began = performance.now();
      const seen = await listLinks(socket).catch((e: unknown) => e);
      if (Array.isArray(seen)) expect(seen.filter((l) => l.name !== 'churn')).toHaveLength(151);
      else expect(seen).toMatchObject({ code: 'EINTR' });
      expect(performance.now() - began).toBeLessThan(4_000);
    }
  } finally {
    churn.kill();
    execFileSync('rm', [script]);
  }
  await setLink(socket, 'lo', { up: true });
});

test('the tables of one link are read without those beside it', async () => {
  run(space, 'ip', 'link', 'add', 'vx', 'type', 'vxlan', 'id', '9', 'dstport', '4789', 'local', '10.0.0.1');
  run(space, 'ip', 'link', 'set', 'vx', 'master', 'b0');
  const mac = (n: number) =>
    `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
  batch(
    'bridge',
    [...Array(2_000).keys()].map((n) => `fdb add ${mac(n)} dev b1 self`),
  );
  batch(
    'ip',
    [...Array(2_000).keys()].map((n) => `neigh add 172.16.${n >> 8}.${n & 255} lladdr ${mac(n)} dev b0 nud permanent`),
  );
  run(space, 'bridge', 'fdb', 'add', mac(1), 'dev', 'vx', 'dst', '10.0.0.2', 'self', 'permanent');
  run(space, 'ip', 'neigh', 'add', '172.16.200.1', 'lladdr', mac(1), 'dev', 'vx', 'nud', 'permanent');
  const index = (await listLinks(socket)).find((l) => l.name === 'vx')?.index ?? 0;
  expect(await listNeighbours(socket, index)).toEqual([{ link: index, mac: mac(1), ip: '172.16.200.1' }]);
  expect((await listFdb(socket)).vteps).toEqual([{ link: index, mac: mac(1), ip: '10.0.0.2' }]);
  // And it is the kernel that leaves the others out.
  let messages = 0;
  const count = new Proxy(socket, {
    get: (target, name: keyof Rtnetlink) =>
      name === 'dump'
        ? <T>(verb: string, type: number, payload: Buffer, read: (payload: Buffer) => T | undefined) =>
            target.dump(verb, type, payload, (p) => {
              messages++;
              return read(p);
            })
        : target[name],
  });
  await listNeighbours(count, index);
  expect(messages).toBeLessThan(10);
});

test('closing in the middle of a request rejects what waits, and closes nothing under it', async () => {
  const asked = [listLinks(socket), listLinks(socket), setLink(socket, 'lo', { up: true })];
  await Promise.resolve();
  socket.close();
  const ended = await Promise.allSettled(asked);
  expect(ended[0]).toMatchObject({ status: 'fulfilled' });
  expect(ended[1]).toMatchObject({ reason: { code: 'ECANCELED' } });
  expect(ended[2]).toMatchObject({ reason: { code: 'ECANCELED' } });
});
