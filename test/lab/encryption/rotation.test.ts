/** Keys that change while containers talk: nothing of it may be lost, and nobody has to agree with anybody. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../kernel/bench.js';
import { EncryptedSite } from './encrypted-site.js';

/** A minute of pings. */
const PINGS = 3_000;
const PAUSE_MS = 200;

let site: EncryptedSite;
beforeEach(async () => {
  site = await EncryptedSite.make();
  expect(site.marked('encrypted')).toBe(true);
});
afterEach(() => site.close());

const keysOf = () => site.hosts.map(({ keys }) => keys.own.map(({ key }) => key));

/** Looks as the passes do, until each host has one key, or for so long. */
async function settle(seconds = 45): Promise<boolean> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(PAUSE_MS)) {
    await site.converge();
    if (keysOf().every((keys) => keys.length === 1)) return true;
  }
  return false;
}

test.each([
  ['one host', [0]],
  ['both hosts at once', [0, 1]],
])('%s: no ping is lost, and the old key is gone', async (_, which) => {
  const before = keysOf();
  const lost = await site.lost('encrypted', PINGS, async () => {
    await sleep(1_000);
    for (const i of which) site.hosts[i]?.rotation.begin();
    expect(await settle()).toBe(true);
  });
  expect(lost).toBe(0);
  for (const i of which) expect(keysOf()[i]).not.toEqual(before[i]);
  expect((await site.hosts[0].mesh.observe()).mesh?.devices).toHaveLength(1);
});

test('whose new port is blocked: it stays on the old key, loses nothing, and finishes once it is not', async () => {
  const [one] = site.hosts;
  run(one.path, 'nft', 'add', 'table', 'inet', 'block');
  run(one.path, 'nft', 'add', 'chain', 'inet', 'block', 'in', '{ type filter hook input priority 0 ; }');
  run(one.path, 'nft', 'add', 'rule', 'inet', 'block', 'in', 'udp', 'dport', '51841', 'drop');
  const lost = await site.lost('encrypted', 700, async () => {
    one.rotation.begin();
    expect(await settle(10)).toBe(false);
  });
  expect(lost).toBe(0);
  expect(keysOf()[0]).toHaveLength(2);
  run(one.path, 'nft', 'delete', 'table', 'inet', 'block');
  expect(await settle(60)).toBe(true);
  expect(site.marked('encrypted')).toBe(true);
});
