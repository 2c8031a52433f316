/** Keys that change while containers talk: nothing of it may be lost, and nobody has to agree with anybody. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../kernel/bench.js';
import { lostDatagrams } from './datagrams.js';
import { EncryptedSite } from './encrypted-site.js';

const PINGS = 3_000;
/** As long as so many pings take. */
const PINGING_MS = 60_000;
const PAUSE_MS = 200;
const DATAGRAMS = 10_000;

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

describe('on three hosts', () => {
  beforeEach(async () => {
    site.close();
    site = await EncryptedSite.make(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(site.marked('encrypted')).toBe(true);
  });

  test('one of them, and then all at once: no ping is lost, and the old keys are gone', async () => {
    const rotate = async () => {
      const began = performance.now();
      await sleep(1_000);
      for (const which of [[0], [0, 1, 2]]) {
        const before = keysOf();
        for (const i of which) site.hosts[i]?.rotation.begin();
        expect(await settle()).toBe(true);
        for (const i of which) expect(keysOf()[i]).not.toEqual(before[i]);
      }
      expect(performance.now() - began).toBeLessThan(PINGING_MS);
    };
    const [two, three] = await Promise.all([
      site.lost('encrypted', PINGS, rotate, 2),
      site.lost('encrypted', PINGS, async () => {}, 3),
    ]);
    expect([two, three]).toEqual([0, 0]);
    expect((await site.hosts[0].mesh.observe()).mesh?.devices).toHaveLength(1);
  });

  test('one of which is cut off from the store: it is talked to by the old key for as long as that takes', async () => {
    expect(await site.lost('encrypted', 5, async () => {}, 3)).toBe(0);
    site.cutOff(3);
    const lost = await site.lost(
      'encrypted',
      700,
      async () => {
        site.hosts[0].rotation.begin();
        expect(await settle(10)).toBe(false);
      },
      3,
    );
    expect(lost).toBe(0);
    expect(keysOf()[0]).toHaveLength(2);
    site.rejoin(3);
    expect(await site.lost('encrypted', 700, () => settle(60), 3)).toBe(0);
    expect(keysOf()[0]).toHaveLength(1);
  });
});

test('on both hosts at once: no datagram is lost', async () => {
  const sending = lostDatagrams(site, 'encrypted', DATAGRAMS);
  await sleep(4_000);
  for (const { rotation } of site.hosts) rotation.begin();
  expect(await settle()).toBe(true);
  expect(await sending).toBe(0);
});

test('a clock that is set back: the others refuse the old key, and a new one is made', async () => {
  const [one] = site.hosts;
  const before = keysOf()[0];
  const pings = (seconds: number) => site.marked('encrypted', seconds);
  execFileSync('date', ['-s', '-1 hour']);
  try {
    // Whatever both have agreed on is gone.
    run(site.mesh, 'ip', 'link', 'delete', site.device);
    expect(one.keys.made).toBeGreaterThan(Date.now());
    expect(await settle(90)).toBe(true);
    expect(keysOf()[0]).not.toEqual(before);
    expect(pings(20)).toBe(true);
  } finally {
    execFileSync('date', ['-s', '+1 hour']);
  }
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
