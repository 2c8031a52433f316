/** Frame by frame: what a container may send when it is held to its record, on the bridge that it shares with others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Ip, Mac } from '../../src/model/values/types.js';
import { Bench, type Host, run } from './bench.js';
import { arp, discovery, ether, icmp6, ip4, ip6, linkAddress, Wire } from './frames.js';

const OWN = { mac: '02:42:ac:10:01:01', ip: '172.16.1.1', ip6: 'fd00:1::1', local: 'fe80::42:acff:fe10:101' };
const OTHER = { mac: '02:42:ac:10:01:02', ip: '172.16.1.2', ip6: 'fd00:1::2', local: 'fe80::42:acff:fe10:102' };
const GATEWAY = { ip: '172.16.1.254', ip6: 'fd00:1::fe' };
const ALL_NODES = 'ff02::1';
const [IPV4, ARP, VLAN, IPV6] = [0x0800, 0x0806, 0x8100, 0x86dd];
const SENDER = { mac: OWN.mac as Mac, addresses: [OWN.ip, OWN.ip6, OWN.local] as Ip[] };

let bench: Bench;
let host: Host;
let attacker: string;
let victim: string;
const wires: Wire[] = [];

/** A container with its card, as the engine sets it up. */
async function container(n: number, of: typeof OWN, sender?: typeof SENDER): Promise<string> {
  const alias = String(n).repeat(64);
  const step = {
    kind: 'createPort',
    link: `veth${n}`,
    containerEnd: `vethc${n}`,
    mtu: 1450,
    master: 'br0',
    alias,
  } as const;
  await host.apply({ ...step, ...(sender && { sender }) });
  await host.apply({ kind: 'replaceStatic', link: `veth${n}`, mac: of.mac as Mac });
  const netns = bench.namespace(`c${n}`);
  run(host.path, 'ip', 'link', 'set', `vethc${n}`, 'netns', netns, 'name', 'eth0', 'address', of.mac);
  run(netns, 'ip', 'address', 'add', `${of.ip}/24`, 'dev', 'eth0');
  run(netns, 'ip', 'address', 'add', `${of.ip6}/64`, 'dev', 'eth0', 'nodad');
  run(netns, 'ip', 'link', 'set', 'eth0', 'up');
  return netns;
}

async function scene(sender?: typeof SENDER): Promise<void> {
  bench = new Bench();
  host = bench.host('host');
  await host.network(`${GATEWAY.ip}/24`);
  // Where br_netfilter is loaded it would cut the marks off.
  run(host.inside, 'sh', '-c', 'for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 >$f; done');
  await host.apply({ kind: 'addAddress', link: 'br0', address: `${GATEWAY.ip6}/64` as never });
  attacker = await container(0, OWN, sender);
  victim = await container(1, OTHER);
  // A port forwards once the kernel has noticed its carrier, up to a second later.
  await vi.waitFor(() => run(victim, 'busybox', 'ping', '-c1', '-W1', OWN.ip), { timeout: 10_000 });
  wires.push(new Wire(attacker), new Wire(victim));
}
afterEach(() => {
  for (const wire of wires.splice(0)) wire.close();
  bench.close();
});

/** A mark behind each frame, where receivers cut it off, tells it from all else that comes. */
let marks = 0;
const marked = (frame: Buffer) => {
  const mark = Buffer.from(`mark${String(++marks).padStart(8, '0')}`);
  return { mark, frame: Buffer.concat([frame, mark]) };
};
const honest = () => marked(ether(OTHER.mac, OWN.mac, IPV4, ip4(OWN.ip, OTHER.ip)));

/** Which of the frames come out at the victim. */
async function passing(frames: Readonly<Record<string, Buffer>>): Promise<readonly string[]> {
  const [from, to] = wires as [Wire, Wire];
  const all = Object.entries(frames).map(([name, bytes]) => ({ name, ...marked(bytes) }));
  const last = honest();
  for (const { frame } of all) from.send(frame);
  from.send(last.frame);
  const came = await to.until(last.mark);
  return all.filter(({ mark }) => came.some((frame) => frame.includes(mark))).map(({ name }) => name);
}

const frame4 = (from: string, mac = OWN.mac, ...rest: [number?]) =>
  ether(OTHER.mac, mac, IPV4, ip4(from, OTHER.ip, ...rest));
const frameArp = (...args: Parameters<typeof arp>) => ether(OTHER.mac, OWN.mac, ARP, arp(...args));
const frame6 = (from: string, next: number, payload: Buffer) =>
  ether(OTHER.mac, OWN.mac, IPV6, ip6(from, OTHER.ip6, next, payload));
const frameIcmp6 = (from: string, type: number, rest: Buffer) => frame6(from, 58, icmp6(from, OTHER.ip6, type, rest));
/** The same behind a header of destination options, eight bytes that say nothing. */
const behindOptions = (from: string, type: number, rest: Buffer) =>
  frame6(from, 60, Buffer.concat([Buffer.from([58, 0, 1, 4, 0, 0, 0, 0]), icmp6(from, OTHER.ip6, type, rest)]));
const fragment = (next: number, offset: number, more: number, payload: Buffer) =>
  Buffer.concat([Buffer.from([next, 0, offset >> 5, ((offset << 3) & 255) | more, 0, 0, 0, 9]), payload]);
const udp = Buffer.from([0, 9, 0, 9, 0, 8, 0xff, 0xff]);
const mine = linkAddress(2, OWN.mac);

const RIGHT = {
  'IPv4 from the own address': frame4(OWN.ip),
  'a first fragment': frame4(OWN.ip, OWN.mac, 0x2000),
  'a later fragment': frame4(OWN.ip, OWN.mac, 0x0004),
  'an ARP request': frameArp(1, OWN.mac, OWN.ip, OTHER.ip),
  'an ARP answer': frameArp(2, OWN.mac, OWN.ip, OTHER.ip, OTHER.mac),
  'a gratuitous ARP of the own address': frameArp(1, OWN.mac, OWN.ip, OWN.ip),
  'an ARP probe for the own address': frameArp(1, OWN.mac, '0.0.0.0', OWN.ip),
  'UDP over IPv6': frame6(OWN.ip6, 17, udp),
  'UDP from the link-local address of the MAC': frame6(OWN.local, 17, udp),
  'UDP behind destination options': frame6(OWN.ip6, 60, Buffer.concat([Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]), udp])),
  'an echo request': frameIcmp6(OWN.ip6, 128, Buffer.alloc(8)),
  'an echo request behind destination options': behindOptions(OWN.ip6, 128, Buffer.alloc(8)),
  'the first fragment of an echo request': frame6(
    OWN.ip6,
    44,
    fragment(58, 0, 1, icmp6(OWN.ip6, OTHER.ip6, 128, Buffer.alloc(8))),
  ),
  'the second fragment of an echo request': frame6(OWN.ip6, 44, fragment(58, 2, 0, Buffer.alloc(16))),
  'the first fragment of UDP': frame6(OWN.ip6, 44, fragment(17, 0, 1, udp)),
  'the second fragment of UDP': frame6(OWN.ip6, 44, fragment(17, 2, 0, Buffer.alloc(16))),
  'packet too big': frameIcmp6(OWN.ip6, 2, Buffer.alloc(12)),
  'a solicitation': frameIcmp6(OWN.ip6, 135, discovery(0, OTHER.ip6, linkAddress(1, OWN.mac))),
  'a solicitation without an option': frameIcmp6(OWN.local, 135, discovery(0, OTHER.ip6)),
  'an advertisement of the own address': frameIcmp6(OWN.ip6, 136, discovery(0x60, OWN.ip6, mine)),
  'an advertisement of the link-local address': frameIcmp6(OWN.local, 136, discovery(0x60, OWN.local, mine)),
  'an advertisement without an option': frameIcmp6(OWN.ip6, 136, discovery(0x40, OWN.ip6)),
  'duplicate detection of the own address': frameIcmp6('::', 135, discovery(0, OWN.ip6)),
  'duplicate detection with a nonce': frameIcmp6(
    '::',
    135,
    discovery(0, OWN.local, Buffer.from([14, 1, 1, 2, 3, 4, 5, 6])),
  ),
  'an MLD report': frame6(
    OWN.local,
    0,
    Buffer.concat([Buffer.from([58, 0, 5, 2, 0, 0, 1, 0]), icmp6(OWN.local, OTHER.ip6, 143, Buffer.alloc(4))]),
  ),
  'an MLD report from no address yet': frame6(
    '::',
    0,
    Buffer.concat([Buffer.from([58, 0, 5, 2, 0, 0, 1, 0]), icmp6('::', OTHER.ip6, 143, Buffer.alloc(4))]),
  ),
};

const tagged = (vlan: number, inner: Buffer) =>
  Buffer.concat([
    inner.subarray(0, 12),
    Buffer.from([VLAN >> 8, VLAN & 255, vlan >> 8, vlan & 255]),
    inner.subarray(12),
  ]);

const WRONG = {
  "another's MAC": frame4(OWN.ip, '02:42:ac:10:01:07'),
  "another's MAC and address": frame4('172.16.1.7', '02:42:ac:10:01:07'),
  "another's address": frame4('172.16.1.7'),
  "the gateway's address": frame4(GATEWAY.ip),
  'an address of nobody': frame4('192.0.2.1'),
  'the address 0.0.0.0': frame4('0.0.0.0'),
  "a later fragment from another's address": frame4('172.16.1.7', OWN.mac, 0x0004),
  "an ARP answer for the gateway's address": frameArp(2, OWN.mac, GATEWAY.ip, OTHER.ip, OTHER.mac),
  "an ARP request from another's address": frameArp(1, OWN.mac, '172.16.1.7', OTHER.ip),
  "a gratuitous ARP of another's address": frameArp(1, OWN.mac, '172.16.1.7', '172.16.1.7'),
  "an ARP answer with another's MAC inside": frameArp(2, '02:42:ac:10:01:07', OWN.ip, OTHER.ip, OTHER.mac),
  "an ARP probe for another's address": frameArp(1, OWN.mac, '0.0.0.0', OTHER.ip),
  'an ARP answer from 0.0.0.0': frameArp(2, OWN.mac, '0.0.0.0', OWN.ip),
  'ARP of other lengths': ether(
    OTHER.mac,
    OWN.mac,
    ARP,
    Buffer.from([0, 1, 8, 0, 4, 4]),
    arp(2, OWN.mac, OWN.ip, OTHER.ip).subarray(6),
  ),
  'ARP that ends too early': ether(OTHER.mac, OWN.mac, ARP, arp(2, OWN.mac, OWN.ip, OTHER.ip).subarray(0, 8)),
  'reverse ARP': ether(OTHER.mac, OWN.mac, 0x8035, arp(3, OWN.mac, OWN.ip, OTHER.ip)),
  'a VLAN tag': tagged(7, frame4(OWN.ip)),
  'the VLAN tag 0 before a forged address': tagged(0, frame4('172.16.1.7')),
  'the VLAN tag 0': tagged(0, frame4(OWN.ip)),
  'two VLAN tags': tagged(0, tagged(0, frame4(OWN.ip))),
  'a VLAN tag of providers': Buffer.concat([
    frame4(OWN.ip).subarray(0, 12),
    Buffer.from([0x88, 0xa8, 0, 0]),
    frame4('172.16.1.7').subarray(12),
  ]),
  'another protocol': ether(OTHER.mac, OWN.mac, 0x88b5, Buffer.alloc(46)),
  LLDP: ether('01:80:c2:00:00:03', OWN.mac, 0x88cc, Buffer.alloc(46)),
  'a bridge protocol unit': ether('01:80:c2:00:00:00', OWN.mac, 38, Buffer.from([0x42, 0x42, 3]), Buffer.alloc(43)),
  'IPv6 in a frame that says IPv4': ether(OTHER.mac, OWN.mac, IPV4, ip6('fd00:1::7', OTHER.ip6, 17, udp)),
  "IPv6 from another's address": frame6('fd00:1::7', 17, udp),
  "IPv6 from the gateway's address": frame6(GATEWAY.ip6, 17, udp),
  'IPv6 from another link-local address': frame6(OTHER.local, 17, udp),
  'UDP from no address': frame6('::', 17, udp),
  "an advertisement of the gateway's address": frameIcmp6(OWN.ip6, 136, discovery(0x60, GATEWAY.ip6, mine)),
  "an advertisement of another's address, from there": frameIcmp6('fd00:1::7', 136, discovery(0x60, 'fd00:1::7', mine)),
  "an advertisement with another's MAC": frameIcmp6(OWN.ip6, 136, discovery(0x60, OWN.ip6, linkAddress(2, OTHER.mac))),
  'an advertisement with two options': frameIcmp6(
    OWN.ip6,
    136,
    discovery(0x60, OWN.ip6, mine, linkAddress(2, OTHER.mac)),
  ),
  'an advertisement behind destination options': behindOptions(OWN.ip6, 136, discovery(0x60, GATEWAY.ip6, mine)),
  'an advertisement in a lone fragment': frame6(
    OWN.ip6,
    44,
    fragment(58, 0, 0, icmp6(OWN.ip6, OTHER.ip6, 136, discovery(0x60, GATEWAY.ip6, mine))),
  ),
  'a first fragment without the type': frame6(OWN.ip6, 44, fragment(60, 0, 1, Buffer.from([58, 0, 1, 4, 0, 0, 0, 0]))),
  'a first fragment that seems to go on behind its end': Buffer.concat([
    frame6(OWN.ip6, 44, fragment(60, 0, 1, Buffer.from([60, 0, 1, 4, 0, 0, 0, 0]))),
    Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]),
    udp,
  ]),
  'a first fragment without a byte of its message': Buffer.concat([
    frame6(OWN.ip6, 44, fragment(58, 0, 1, Buffer.alloc(0))),
    Buffer.from([128, 0, 0, 0]),
  ]),
  'a fragment behind destination options': frame6(
    OWN.ip6,
    60,
    Buffer.concat([Buffer.from([44, 0, 1, 4, 0, 0, 0, 0]), fragment(17, 0, 1, udp)]),
  ),
  'a first fragment of an advertisement': frame6(
    OWN.ip6,
    44,
    fragment(58, 0, 1, icmp6(OWN.ip6, OTHER.ip6, 136, discovery(0x60, OWN.ip6, mine))),
  ),
  'an MLD report from no address, in a fragment': frame6(
    '::',
    44,
    fragment(0, 0, 1, Buffer.from([58, 0, 5, 2, 0, 0, 1, 0])),
  ),
  "a solicitation with another's MAC": frameIcmp6(OWN.ip6, 135, discovery(0, OTHER.ip6, linkAddress(1, OTHER.mac))),
  "a solicitation from another's address": frameIcmp6(
    'fd00:1::7',
    135,
    discovery(0, OTHER.ip6, linkAddress(1, OWN.mac)),
  ),
  "duplicate detection of another's address": frameIcmp6('::', 135, discovery(0, OTHER.ip6)),
  'an advertisement from no address': frameIcmp6('::', 136, discovery(0x60, OWN.ip6, mine)),
  'a router advertisement': frameIcmp6(OWN.local, 134, Buffer.from([64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0])),
  'a router advertisement behind destination options': behindOptions(
    OWN.local,
    134,
    Buffer.from([64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]),
  ),
  'a router solicitation': frameIcmp6(OWN.local, 133, Buffer.alloc(4)),
  'a redirect': frameIcmp6(OWN.local, 137, Buffer.alloc(36)),
  'an MLD query': frameIcmp6(OWN.local, 130, Buffer.alloc(24)),
};

describe('without a filter', () => {
  beforeEach(() => scene());

  test('all of it comes through but what bridges never forward', async () => {
    const names = [...Object.keys(RIGHT), ...Object.keys(WRONG)].filter((name) => name !== 'LLDP');
    expect(await passing({ ...RIGHT, ...WRONG })).toEqual(names);
  });

  test("the gateway's place is taken, in IPv4 and IPv6, and a rogue router's word is believed", async () => {
    expect(await poisoned()).toEqual({ ip4: true, ip6: true, route: true });
  });
});

describe('with the filter of its record', () => {
  beforeEach(() => scene(SENDER));

  test('what is its own comes through', async () => {
    expect(await passing(RIGHT)).toEqual(Object.keys(RIGHT));
  });

  test('all else does not', async () => {
    expect(await passing(WRONG)).toEqual([]);
  });

  test('nobody takes the place of the gateway, and no rogue router is believed', async () => {
    expect(await poisoned()).toEqual({ ip4: false, ip6: false, route: false });
  });

  test('ordinary traffic goes on: both families, the gateway, large packets, and what the neighbours ask', async () => {
    for (const to of [OTHER.ip, OTHER.ip6, GATEWAY.ip, GATEWAY.ip6]) {
      expect(run(attacker, 'busybox', 'ping', '-c1', '-W2', to)).toContain(' 0% packet loss');
      expect(run(attacker, 'busybox', 'ping', '-c1', '-W2', '-s', '4000', to)).toContain(' 0% packet loss');
    }
    for (const to of [OWN.ip, OWN.ip6]) {
      run(victim, 'ip', 'neigh', 'flush', 'all');
      expect(run(victim, 'busybox', 'ping', '-c1', '-W2', to)).toContain(' 0% packet loss');
    }
    // The kernel takes up to two seconds to find out that nobody else has it.
    const tentative = () => run(attacker, 'ip', '-6', 'address', 'show', 'tentative');
    await vi.waitFor(() => expect(tentative()).toBe(''), { timeout: 10_000 });
    run(victim, 'busybox', 'ping', '-c1', '-W2', '-I', 'eth0', OWN.local);
  });
});

/** Whether the victim believes the attacker to be the gateway, in either family, and a router. */
async function poisoned() {
  for (const to of [GATEWAY.ip, GATEWAY.ip6]) run(victim, 'busybox', 'ping', '-c1', '-W2', to);
  // For a second the kernel holds to what it has just learned (`net.ipv4.neigh.eth0.locktime`).
  await sleep(1_200);
  const [from, to] = wires as [Wire, Wire];
  from.send(frameArp(2, OWN.mac, GATEWAY.ip, OTHER.ip, OTHER.mac));
  from.send(frameIcmp6(OWN.ip6, 136, discovery(0x60, GATEWAY.ip6, mine)));
  const lifetime = Buffer.from([64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
  from.send(
    ether(
      '33:33:00:00:00:01',
      OWN.mac,
      IPV6,
      ip6(OWN.local, ALL_NODES, 58, icmp6(OWN.local, ALL_NODES, 134, lifetime)),
    ),
  );
  const last = honest();
  from.send(last.frame);
  await to.until(last.mark);
  const lladdr = (ip: string) => run(victim, 'ip', 'neigh', 'show', ip).includes(OWN.mac);
  const route = run(victim, 'ip', '-6', 'route', 'show', 'default').includes(OWN.local);
  return { ip4: lladdr(GATEWAY.ip), ip6: lladdr(GATEWAY.ip6), route };
}
