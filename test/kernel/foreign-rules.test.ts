/** Rules of others about VXLAN's port, and what is too much to be looked through in one turn. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ForeignRules } from '../../src/kernel/host-parts/foreign-rules.js';
import type * as libc from '../../src/kernel/system/libc.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';

const received = vi.hoisted(() => ({ datagrams: 0 }));
vi.mock('../../src/kernel/system/libc.js', async (original) => {
  const real = await original<typeof libc>();
  const recv = (...args: Parameters<typeof real.recv>) => {
    received.datagrams++;
    return real.recv(...args);
  };
  return { ...real, recv: Object.assign(recv, { async: real.recv.async }) };
});

let host: string;
let rules: ForeignRules;
beforeEach(() => {
  host = makeNamespace();
  rules = withNamespace(host, () => new ForeignRules(4789));
});
afterEach(() => {
  rules.close();
  dropNamespace(host);
});

const feed = (input: string, ...command: string[]) => execFileSync('nsenter', [`--net=${host}`, ...command], { input });
const nft = (...lines: readonly string[]) => feed(lines.join('\n'), 'nft', '-f', '-');
const many = (count: number, line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n));

const policy = (n: number) => `xfrm policy add src 10.9.${n >> 8}.${n & 255} dst 10.8.0.1 proto tcp dir out`;

test('a rule or a set about the port is found, until it is gone', () => {
  expect(rules.look()).toBeUndefined();
  nft('add table ip theirs', 'add chain ip theirs in', 'add rule ip theirs in udp dport 4789 drop');
  expect(rules.look()).toBe('a rule of table theirs is about UDP 4789, and would not see what takes the short way');
  nft(
    'flush ruleset',
    'add table ip theirs',
    'add set ip theirs ports { type inet_service; elements = { 53, 4789 }; }',
  );
  expect(rules.look()).toBe('a set of table theirs is about UDP 4789, and would not see what takes the short way');
  nft('flush ruleset');
  expect(rules.look()).toBeUndefined();
});

test.each([
  ['rules', () => many(6_000, (n) => `add rule ip theirs in ip saddr 10.0.${n >> 8}.${n & 255} tcp dport 443 accept`)],
  ['sets', () => many(500, (n) => `add set ip theirs ports${n} { type inet_service; elements = { ${n + 1} }; }`)],
  [
    'elements',
    () => [
      'add set ip theirs ports { type inet_service; }',
      `add element ip theirs ports { ${many(40_000, (n) => `${n + 10_000}`).join(', ')} }`,
    ],
  ],
])('of too many %s none is taken for harmless, and what is less is looked through again', (_, lines) => {
  nft('add table ip theirs', 'add chain ip theirs in', ...lines());
  const sentence = 'the host has more rules and sets than are looked through for some about UDP 4789';
  expect(rules.look()).toBe(sentence);
  expect(rules.look()).toBe(sentence);
  nft('flush ruleset');
  expect(rules.look()).toBeUndefined();
});

test('one look is bounded, whatever it is that there is much of', () => {
  const ports = (count: number) => many(count, (n) => `${n + 10_000}`).join(', ');
  for (const family of ['inet', 'ip'])
    nft(
      `add table ${family} theirs`,
      ...many(20, (n) => `add set ${family} theirs ports${n} { type inet_service; elements = { ${ports(1_500)} }; }`),
    );
  feed(many(2_000, policy).join('\n'), 'ip', '-batch', '-');
  received.datagrams = 0;
  expect(rules.look()).toContain('the host has more rules and sets than are looked through');
  // Each answer to its end, where there is nothing more.
  expect(received.datagrams).toBeLessThan(80);
});

test('so it is with policies of IPsec', () => {
  feed(many(10_000, policy).join('\n'), 'ip', '-batch', '-');
  const sentence = 'the host has more policies of IPsec than are looked through for some about UDP 4789';
  expect(rules.look()).toBe(sentence);
  expect(rules.look()).toBe(sentence);
  inside(host, 'ip', 'xfrm', 'policy', 'flush');
  expect(rules.look()).toBeUndefined();
  inside(host, 'ip', 'xfrm', 'policy', 'add', 'src', '10.9.0.1', 'dst', '10.8.0.1', 'proto', 'udp', 'dir', 'out');
  expect(rules.look()).toBe('a policy of IPsec is about UDP 4789, and would not see what takes the short way');
});
