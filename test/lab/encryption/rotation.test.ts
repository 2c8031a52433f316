/** Keys that change while containers talk: nothing of it may be lost, and nobody has to agree with anybody. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { run } from '../../kernel/bench.js';
import { lostDatagrams } from './datagrams.js';
import { EncryptedSite } from './encrypted-site.js';
import { Wire } from './wire.js';

const PINGS = 3_000;
/** Five seconds of them. */
const PINGS_AT_ONCE = 500;
const PINGS_A_SECOND = 100;
const PAUSE_MS = 200;
const DATAGRAMS = 10_000;
/** Until they are on their way. */
const DATAGRAMS_MS = 4_000;

const TWO = ['10.0.0.1', '10.0.0.2'] as const;
const THREE = [...TWO, '10.0.0.3'] as const;

/** On hosts of their own, which have talked. */
async function on(addresses: readonly [string, ...string[]], work: (site: EncryptedSite) => Promise<void>) {
  const site = await EncryptedSite.make(addresses);
  try {
    expect(site.marked('encrypted')).toBe(true);
    await work(site);
  } finally {
    site.close();
  }
}

const keysOf = (site: EncryptedSite) => site.hosts.map(({ keys }) => keys.own.map(({ key }) => key));

/** Looks as the passes do, until each host has one key, or for so long. */
async function settle(site: EncryptedSite, seconds = 90): Promise<boolean> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(PAUSE_MS)) {
    await site.converge();
    if (keysOf(site).every((keys) => keys.length === 1)) return true;
  }
  return false;
}

test('all of three at once, then one, then one that is killed midway: no ping and no datagram is lost', () =>
  on(THREE, async (site) => {
    let isDone = false;
    /** As many as asked for, and on until all is done. */
    const pings = async (to: number) => {
      let [sent, lost] = [0, 0];
      for (; sent < PINGS || !isDone; sent += PINGS_AT_ONCE)
        lost += await site.lost('encrypted', PINGS_AT_ONCE, async () => {}, to, PINGS_A_SECOND);
      return lost;
    };
    const change = async (which: readonly number[], midway: () => Promise<unknown> = async () => {}) => {
      const before = keysOf(site);
      for (const i of which) site.hosts[i]?.rotation.begin();
      await midway();
      expect(await settle(site)).toBe(true);
      for (const i of which) expect(keysOf(site)[i]).not.toEqual(before[i]);
    };
    const changes = async () => {
      await sleep(DATAGRAMS_MS);
      await change([0, 1, 2]);
      await change([0]);
      await change([0], async () => {
        await site.converge();
        site.hosts[0].restart();
      });
    };
    const all = changes().finally(() => {
      isDone = true;
    });
    const [, ...lost] = await Promise.all([all, pings(2), pings(3), lostDatagrams(site, 'encrypted', DATAGRAMS)]);
    expect(lost).toEqual([0, 0, 0]);
    expect((await site.hosts[0].mesh.observe()).mesh?.devices).toHaveLength(1);
  }));

test('a peer of which something is changed, hundreds of times, is talked to meanwhile: no datagram is lost', () =>
  on(TWO, async (site) => {
    expect(site.marked('encrypted')).toBe(true);
    const nodes = site.hosts.map(({ node }) => node);
    let [changes, isDone] = [0, false];
    const change = async () => {
      for (; !isDone; changes++)
        for (const { mesh, self } of site.hosts) await mesh.converge(nodes, { ...self, keepalive: 25 * (changes % 2) });
    };
    const datagrams = lostDatagrams(site, 'encrypted', DATAGRAMS).finally(() => {
      isDone = true;
    });
    const [lost] = await Promise.all([datagrams, change()]);
    expect(changes).toBeGreaterThan(100);
    expect(lost).toBe(0);
  }));

// Side by side, for what they do most of the time is wait.
describe.concurrent('one that not all can follow', () => {
  test('one of three is cut off from the store: it is talked to by the old key for as long as that takes', () =>
    on(THREE, async (site) => {
      expect(await site.lost('encrypted', 5, async () => {}, 3)).toBe(0);
      site.cutOff(3);
      const change = async () => {
        site.hosts[0].rotation.begin();
        expect(await settle(site, 10)).toBe(false);
      };
      expect(await site.lost('encrypted', 700, change, 3)).toBe(0);
      expect(keysOf(site)[0]).toHaveLength(2);
      site.rejoin(3);
      expect(await site.lost('encrypted', 700, () => settle(site), 3)).toBe(0);
      expect(keysOf(site)[0]).toHaveLength(1);
    }));

  test('the new port of one is blocked: it stays on the old key, loses nothing, and finishes once it is not', () =>
    on(TWO, async (site) => {
      const [one] = site.hosts;
      run(one.path, 'nft', 'add', 'table', 'inet', 'block');
      run(one.path, 'nft', 'add', 'chain', 'inet', 'block', 'in', '{ type filter hook input priority 0 ; }');
      run(one.path, 'nft', 'add', 'rule', 'inet', 'block', 'in', 'udp', 'dport', '51841', 'drop');
      const change = async () => {
        one.rotation.begin();
        expect(await settle(site, 10)).toBe(false);
      };
      expect(await site.lost('encrypted', 700, change)).toBe(0);
      expect(keysOf(site)[0]).toHaveLength(2);
      run(one.path, 'nft', 'delete', 'table', 'inet', 'block');
      expect(await settle(site)).toBe(true);
      expect(site.marked('encrypted')).toBe(true);
    }));
});

test('a clock that is set back: the others refuse the old key, a new one is made, and nothing is sent in clear', () =>
  on(TWO, async (site) => {
    const [one] = site.hosts;
    const before = keysOf(site)[0];
    const wire = await Wire.tap(one.path);
    execFileSync('date', ['-s', '-1 hour']);
    try {
      // Whatever both have agreed on is gone.
      run(site.mesh, 'ip', 'link', 'delete', site.device);
      site.marked('encrypted', 1);
      expect(one.keys.made).toBeGreaterThan(Date.now());
      expect(await settle(site)).toBe(true);
      expect(keysOf(site)[0]).not.toEqual(before);
      expect(site.marked('encrypted', 20)).toBe(true);
      const { marks, wireguard } = await wire.seen();
      expect([marks.encrypted, wireguard > 0]).toEqual([0, true]);
    } finally {
      execFileSync('date', ['-s', '+1 hour']);
      await wire.close();
    }
  }));
