/** The guard of UDP 4789 as the kernel has it, and whether it notices what somebody changed. */
import { setImmediate as breathe } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import type { GuardMode } from '../../src/model/values/settings.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';
import { sendUdp, vxlan } from './forger.js';
import { guardSteps, makeGuard } from './host-parts.js';

let namespace = '';
let guard: VxlanGuard;
const open = (mode: GuardMode = 'on', port = 4789) => withNamespace(namespace, () => new VxlanGuard(4, mode, port));
beforeEach(() => {
  namespace = makeNamespace();
  guard = open();
});
afterEach(() => {
  guard.close();
  dropNamespace(namespace);
});

const [NODES, VNIS] = [
  ['10.0.0.60', '10.0.0.61'],
  [256, 300],
] as const;
const ensure = (made = guard) => makeGuard(made, NODES, VNIS);
const stands = (made = guard) => guardSteps(made, NODES, VNIS).length === 0;
const nft = (...command: readonly string[]) => inside(namespace, 'nft', ...command);
const listing = () => nft('-a', 'list', 'table', 'ip', 'tsoverlay-guard');
const CHAINS = ['input', 'prerouting', 'forward', 'output'];

it('names the nodes and the VXLAN ids', async () => {
  await ensure();
  expect(listing()).toContain('elements = { 10.0.0.60, 10.0.0.61 }');
  expect(listing()).toMatch(/ip saddr != @nodes counter packets 0 bytes 0 drop/);
  for (const chain of CHAINS)
    expect(listing()).toMatch(new RegExp(`chain ${chain} .*\n\t\ttype filter hook ${chain} `));
});

it('looks at the port of the cluster, and is made anew for another one', async () => {
  await ensure();
  expect(listing()).toMatch(/udp dport != 4789 .*accept/);
  const other = open('on', 8472);
  expect(stands(other)).toBe(false);
  await ensure(other);
  expect(listing()).toMatch(/udp dport != 8472 .*accept/);
  expect(listing()).not.toContain('4789');
  expect([stands(other), stands()]).toEqual([true, false]);
  other.close();
});

it('incoming: looks at what comes in alone', async () => {
  const other = open('incoming');
  await ensure(other);
  expect(listing()).toContain('chain input');
  expect(listing()).not.toMatch(/chain (prerouting|forward|output)/);
  expect(stands(other)).toBe(true);
  other.close();
});

describe('stands', () => {
  const intact = async () => {
    await makeGuard(guard, [], []);
    await ensure();
    expect(stands()).toBe(true);
    expect(stands()).toBe(true);
  };
  const mended = async () => {
    expect(stands()).toBe(false);
    expect(stands()).toBe(false);
    await ensure();
    expect(stands()).toBe(true);
  };

  it.each([
    'flush ruleset',
    'delete table ip tsoverlay-guard',
    'flush table ip tsoverlay-guard',
    ...CHAINS.map((chain) => `flush chain ip tsoverlay-guard ${chain}`),
    'flush set ip tsoverlay-guard nodes',
    'flush set ip tsoverlay-guard vnis',
    'add element ip tsoverlay-guard nodes { 10.0.0.99 }',
    'delete element ip tsoverlay-guard nodes { 10.0.0.61 }',
    'insert rule ip tsoverlay-guard input accept',
    'add table ip tsoverlay-guard { flags dormant; }',
  ])('until nft %s, and again when made anew', async (command) => {
    expect(stands()).toBe(false);
    await intact();
    nft(...command.split(' '));
    await mended();
    await guard.remove();
    expect(stands()).toBe(false);
    await guard.remove();
  });

  it('until a single rule is gone, whichever', { timeout: 120_000 }, async () => {
    await intact();
    const count = listing().match(/# handle/g)?.length ?? 0;
    const rules = () => [...listing().matchAll(/chain (\w+) |comment .*# handle (\d+)/g)];
    expect(count).toBeGreaterThan(20);
    for (let i = 0, chain = ''; i < rules().length; i++) {
      const [, name, handle] = rules()[i] ?? [];
      chain = name ?? chain;
      if (handle === undefined) continue;
      nft('delete', 'rule', 'ip', 'tsoverlay-guard', chain, 'handle', handle);
      await mended();
    }
  });

  it('whatever becomes of the tables of others', async () => {
    await intact();
    nft('table ip theirs { chain c { type filter hook input priority 0; counter; }; }');
    expect(stands()).toBe(true);
    nft('flush', 'table', 'ip', 'theirs');
    expect(stands()).toBe(true);
  });

  it('and is changed by what differs alone', async () => {
    const table = () => /table ip tsoverlay-guard .*# handle (\d+)/.exec(listing())?.[1];
    await intact();
    const before = table();
    expect(before).toBeDefined();
    await makeGuard(guard, ['10.0.0.61', '10.0.0.62'], [256, 301, 302]);
    expect(listing()).toContain('elements = { 10.0.0.61, 10.0.0.62 }');
    expect(table()).toBe(before);
    expect(guardSteps(guard, ['10.0.0.61', '10.0.0.62'], [256, 301, 302])).toEqual([]);
    await ensure();
    nft('add', 'element', 'ip', 'tsoverlay-guard', 'vnis', '{ 303 }');
    await mended();
    expect(table()).toBe(before);
    expect(listing()).not.toContain('303');
  });

  it('with thousands of nodes', async () => {
    const nodes = Array.from({ length: 3_000 }, (_, i) => `10.${i >> 8}.${i & 255}.1`);
    await makeGuard(guard, nodes, [256]);
    expect(guardSteps(guard, nodes, [256])).toEqual([]);
    nft('delete', 'element', 'ip', 'tsoverlay-guard', 'nodes', '{ 10.5.5.1 }');
    expect(guardSteps(guard, nodes, [256])).toMatchObject([{ nodes: { come: ['10.5.5.1'], gone: [] } }]);
  });
});

it('may be asked what it drops while it is changed: neither takes the other’s answers', async () => {
  await makeGuard(guard, ['10.0.0.60'], [300]);
  const none = new Map(['input', 'prerouting', 'forward', 'output'].map((chain) => [chain, 0]));
  for (let n = 0; n < 300; n++) {
    let isUnderWay = true;
    const done = guard.replace(['10.0.0.60'], [300, 400 + n]).finally(() => {
      isUnderWay = false;
    });
    while (isUnderWay) {
      expect(guard.drops()).toEqual(none);
      await breathe();
    }
    await done;
  }
});

it('counts by chain, and goes on counting when made anew and by another process', async () => {
  expect(guard.drops()).toBeUndefined();
  await ensure();
  for (let i = 0; i < 3; i++) sendUdp(namespace, '127.0.0.1', vxlan(300));
  const drops = { input: 0, prerouting: 0, forward: 0, output: 3 };
  expect(Object.fromEntries(guard.drops() ?? [])).toEqual(drops);
  await makeGuard(guard, ['10.0.0.60'], [300]);
  expect(Object.fromEntries(guard.drops() ?? [])).toEqual(drops);
  sendUdp(namespace, '127.0.0.1', vxlan(300));
  const other = open();
  await ensure(other);
  expect(Object.fromEntries(other.drops() ?? [])).toEqual({ ...drops, output: 4 });
  other.close();
});
