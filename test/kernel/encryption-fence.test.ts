/** A container whose overlay card is gone still has a default route: what of it gets out towards an encrypted subnet. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EncryptionFence } from '../../src/kernel/crypt/encryption-fence.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import type { Cidr } from '../../src/model/values/types.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';

const SUBNETS = ['172.16.1.0/24', 'fd00:1::/64'] as Cidr[];
const PLAN = { subnets: SUBNETS };
const ENCRYPTED = ['172.16.1.1', '172.16.1.255', 'fd00:1::2'];
const OTHERS = ['172.16.0.255', '172.16.2.0', 'fd00:1:0:1::2'];
let [host, lan, container]: [string, string, string] = ['', '', ''];
let fence: EncryptionFence;

/** `container` behind docker_gwbridge of `host`, whose default route leads to `lan`, which has all addresses. */
beforeEach(() => {
  [host, lan, container] = [makeNamespace(), makeNamespace(), makeNamespace()];
  const ip = (namespace: string, line: string) => inside(namespace, 'ip', ...line.split(' '));
  ip(host, `link add eth0 type veth peer name eth0 netns ${lan}`);
  ip(host, 'link add docker_gwbridge type bridge');
  ip(host, `link add veth1 type veth peer name eth0 netns ${container}`);
  ip(host, 'link set veth1 master docker_gwbridge up');
  for (const [where, device, v4, v6] of [
    [host, 'eth0', '10.0.0.61/24', 'fd99::61/64'],
    [lan, 'eth0', '10.0.0.60/24', 'fd99::60/64'],
    [host, 'docker_gwbridge', '172.18.0.1/16', 'fd18::1/64'],
    [container, 'eth0', '172.18.0.2/16', 'fd18::2/64'],
  ] as const) {
    ip(where, `address add ${v4} dev ${device}`);
    ip(where, `address add ${v6} dev ${device} nodad`);
    ip(where, `link set ${device} up`);
  }
  inside(host, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  for (const [where, v4, v6] of [
    [container, '172.18.0.1', 'fd18::1'],
    [host, '10.0.0.60', 'fd99::60'],
    [lan, '10.0.0.61', 'fd99::61'],
  ] as const) {
    ip(where, `route add default via ${v4}`);
    ip(where, `-6 route add default via ${v6}`);
  }
  ip(lan, 'link set lo up');
  for (const address of ['172.16.0.0/16', 'fd00:1::/32']) ip(lan, `route add local ${address} dev lo`);
  fence = withNamespace(host, () => new EncryptionFence());
});
afterEach(() => {
  fence.close();
  for (const namespace of [host, lan, container]) dropNamespace(namespace);
});

const reached = (addresses: readonly string[], from = container): readonly string[] =>
  addresses.filter((address) => {
    try {
      inside(from, 'ping', '-q', '-c', '1', '-W', '1', address);
      return true;
    } catch {
      return false;
    }
  });

test('nothing gets out to an encrypted subnet, from the first address to the last, and all else does', async () => {
  // Neighbours are found meanwhile.
  const all = [...ENCRYPTED, ...OTHERS];
  await vi.waitFor(() => expect(reached(all), 'without a fence').toEqual(all), 15_000);
  await fence.replace(PLAN);
  expect(reached([...ENCRYPTED, ...OTHERS])).toEqual(OTHERS);
  expect(fence.observe()).toEqual(PLAN);
});

const rangesIn = (family: string) => [
  ...inside(host, 'nft', 'list', 'set', family, 'tsoverlay-encryption', 'subnets').matchAll(
    /[0-9a-f.:]+[-/][0-9a-f.:]+/g,
  ),
];

test('it is made around as many subnets as there are', async () => {
  // Every second one, for those that touch are one.
  const subnets = Array.from({ length: 600 }, (_, i) => [`10.${i >> 7}.${2 * (i & 127)}.0/24`, `fd00:${2 * i}::/64`]);
  const plan = { subnets: subnets.flat() as Cidr[] };
  await fence.replace(plan);
  expect(fence.observe()).toEqual(plan);
  expect([rangesIn('ip').length, rangesIn('ip6').length]).toEqual([600, 600]);
  expect(inside(host, 'nft', 'list', 'chain', 'ip', 'tsoverlay-encryption', 'forward')).toMatch(
    /daddr @subnets .*drop/,
  );
});

test('subnets may touch, lie in each other, and end where addresses end', async () => {
  const subnets = [
    '10.0.0.0/24',
    '10.0.1.0/24',
    '10.0.0.128/25',
    '255.255.255.0/24',
    '0.0.0.0/8',
    'ffff::/16',
  ] as Cidr[];
  await fence.replace({ subnets });
  expect(fence.observe()).toEqual({ subnets });
  expect(rangesIn('ip').map(String)).toEqual(['0.0.0.0/8', '10.0.0.0/23', '255.255.255.0/24']);
  await fence.replace({ subnets: ['172.16.1.0/24' as Cidr] });
  expect(rangesIn('ip6')).toEqual([]);
});

test('a subnet less in its set is seen', async () => {
  await fence.replace(PLAN);
  inside(host, 'nft', 'flush', 'set', 'ip6', 'tsoverlay-encryption', 'subnets');
  expect(fence.observe()).toBe('other');
});

test('it is replaced at one moment, seen to be gone, and leaves nothing', async () => {
  // Neighbours are found meanwhile.
  await vi.waitFor(() => expect(reached(ENCRYPTED), 'without a fence').toEqual(ENCRYPTED), 15_000);
  await fence.replace(PLAN);
  await fence.replace({ subnets: SUBNETS.slice(0, 1) });
  expect(reached(ENCRYPTED)).toEqual(['fd00:1::2']);
  inside(host, 'nft', 'flush', 'ruleset');
  expect(fence.observe()).toBeUndefined();
  await fence.replace(PLAN);
  inside(host, 'nft', 'flush', 'chain', 'ip', 'tsoverlay-encryption', 'forward');
  expect(fence.observe()).toBe('other');
  await fence.remove();
  await fence.remove();
  expect(inside(host, 'nft', 'list', 'tables')).not.toContain('tsoverlay');
});
