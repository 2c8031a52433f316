/** The short way and those whom nothing of it is for: who is gone, who has moved, and who forges. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { HOST1, HOST2 } from '../unit/model/fixtures.js';
import { rows, run } from './bench.js';
import { makeGuard } from './host-parts.js';
import { during, ipOf, python, shortSite, traffic } from './short-way.js';
import { type Container, overhears, pings, type Site, sendRaw } from './site.js';

let site: Site;
let one: Container, near: Container, far: Container, stranger: Container;
beforeEach(async () => {
  site = await shortSite();
  [one, near, far, stranger] = (await site.fill(2, 2)) as [Container, Container, Container, Container];
  for (const to of [near, far, stranger]) expect(pings(one, ipOf(to))).toBe(true);
});
afterEach(() => site.close());

const [here, there] = [() => site.hosts[0], () => site.hosts[1]];
const hex = (mac: string): string => mac.replaceAll(':', '');

/** What a container says of itself. */
const nameOf = (c: Container) => ({ mac: c.endpoint.mac as string, ip: ipOf(c) });

/** UDP to a container's MAC and address, whoever has them. */
const shout = (to: Container, from = one, as = nameOf(from)): void =>
  sendRaw(
    from,
    `ip = bytes.fromhex("45000020000040004011") + bytes(2) + socket.inet_aton("${as.ip}") + socket.inet_aton("${ipOf(to)}")
total = sum(struct.unpack("!10H", ip)); total = (total & 0xffff) + (total >> 16); total = (total & 0xffff) + (total >> 16)
ip = ip[:10] + struct.pack("!H", ~total & 0xffff) + ip[12:]
frame = bytes.fromhex("${hex(to.endpoint.mac)}${hex(as.mac)}") + b"\\x08\\x00" + ip + struct.pack("!4H", 9, 9, 12, 0) + b"lost"
for n in range(20): s.send(frame)`,
  );

test('nobody gets what is for a container that has gone, while its host alone knows and when all know', async () => {
  expect(await overhears(far, 'udp port 9', () => shout(far))).toBe(true);
  await site.remove(far);
  for (const witness of [near, stranger])
    expect(await overhears(witness, 'udp port 9', () => shout(far)), witness.netns).toBe(false);

  const gone = near;
  await site.remove(near);
  for (const witness of [one, stranger])
    expect(
      await overhears(
        witness,
        `udp port 9 and ether dst ${gone.endpoint.mac} and not ether src ${one.endpoint.mac}`,
        () => shout(gone),
      ),
    ).toBe(false);
});

test('a host that still sends to one who has gone reaches nobody', async () => {
  const { endpoint } = far;
  // The other host has heard of it, this one has not.
  run(there().path, 'true');
  await there().kernel.apply({ kind: 'removeWay', mac: endpoint.mac, ns: '1-ababababab' as never, reason: 'test' });
  const port = run(site.inside(there()), 'sh', '-c', `bridge fdb show | grep ${endpoint.mac}`).split(' ')[2] ?? '';
  run(site.inside(there()), 'ip', 'link', 'delete', port);
  for (const witness of [near, stranger])
    expect(await overhears(witness, 'udp port 9', () => shout(far)), witness.netns).toBe(false);
});

test('who moves to another host with MAC and address is reached there at once, by the short way', async () => {
  await site.remove(far);
  const [moved] = (await site.place(site.endpoint(3, HOST1))) as [Container];
  expect(pings(one, ipOf(moved))).toBe(true);
  expect(pings(stranger, ipOf(moved))).toBe(true);
  const went = await during(site, here(), () => pings(stranger, ipOf(moved)));
  expect(went).toEqual({ short: 1, ordinary: 0 });
  await site.remove(moved);
  const [back] = (await site.place(site.endpoint(3, HOST2, { names: ['back'] }))) as [Container];
  expect(pings(one, ipOf(back))).toBe(true);
  expect(pings(stranger, ipOf(back))).toBe(true);
});

test('a port that is made anew is the one that the MAC leads to', async () => {
  const port = run(site.inside(here()), 'sh', '-c', `bridge fdb show | grep ${near.endpoint.mac}`).split(' ')[2] ?? '';
  run(site.inside(here()), 'ip', 'link', 'delete', port);
  await site.converge();
  site.plug(near.endpoint, near.host, near.netns);
  expect(pings(stranger, ipOf(near))).toBe(true);
  expect(pings(one, ipOf(near))).toBe(true);
});

test('who poses as another gets nothing through where ports are held to a record, to this host and the other', async () => {
  const strict = await shortSite({ options: { 'tsoverlay.antispoof': 'on' } });
  try {
    const [liar, beside, remote] = (await strict.fill(2, 1)) as [Container, Container, Container];
    const own = nameOf(liar);
    const hears = (to: Container, as: typeof own) => overhears(to, 'udp port 9', () => shout(to, liar, as));
    for (const [to, victim] of [
      [beside, remote],
      [remote, beside],
    ] as const) {
      expect(await hears(to, own)).toBe(true);
      for (const as of [nameOf(victim), { ...own, mac: nameOf(victim).mac }, { ...own, ip: nameOf(victim).ip }])
        expect(await hears(to, as), JSON.stringify(as)).toBe(false);
    }
  } finally {
    strict.close();
  }
});

test('who poses as a container of another host has no short way there', async () => {
  for (const victim of [stranger, far]) {
    const went = await during(site, there(), () => shout(far, one, nameOf(victim)));
    expect(went.short).toBe(0);
  }
});

describe('VXLAN that is forged', () => {
  interface Forged {
    readonly from?: string;
    readonly vni?: number;
    readonly mac?: string;
    readonly to?: string;
    readonly ttl?: number;
    readonly fragment?: number;
    readonly check?: number;
    readonly port?: number;
    readonly flags?: number;
    readonly rest?: number;
    readonly tos?: number;
    /** Bytes that the UDP header says too many. */
    readonly more?: number;
  }

  /** From the other host, as root there can send it; without anything said it is as that host sends for `far`. */
  const forge = (forged: Forged): void => {
    const { from = HOST2, vni = 256, mac = far.endpoint.mac, to = one.endpoint.mac } = forged;
    const { ttl = 64, fragment = 0, check = 0, port = 4789, flags = 8, rest = 0, tos = 0, more = 0 } = forged;
    const addresses = `"${hex(macOf(here().path))}${hex(macOf(there().path))}"`;
    python(
      there().path,
      `import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
def sum(b):
  t = 0
  for (w,) in struct.iter_unpack("!H", b): t += w
  t = (t & 0xffff) + (t >> 16); t = (t & 0xffff) + (t >> 16)
  return ~t & 0xffff
def ip(saddr, daddr, size, tos, ttl, fragment):
  h = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + size, 7, fragment, ttl, 17, 0, socket.inet_aton(saddr), socket.inet_aton(daddr))
  return h[:10] + struct.pack("!H", sum(h)) + h[12:]
inner = bytes.fromhex("${hex(to)}${hex(mac)}") + b"\\x08\\x00" + ip("${ipOf(far)}", "${ipOf(one)}", 12, 0, 64, 0) + struct.pack("!4H", 9, 9, 12, 0) + b"evil"
vxlan = struct.pack("!II", ${flags} << 24, ${vni} << 8 | ${rest}) + inner
outer = ip("${from}", "${HOST1}", 8 + len(vxlan), ${tos}, ${ttl}, ${fragment})
outer = outer[:10] + struct.pack("!H", struct.unpack("!H", outer[10:12])[0] ^ ${check}) + outer[12:]
frame = bytes.fromhex(${addresses}) + b"\\x08\\x00" + outer + struct.pack("!4H", 40000, ${port}, 8 + len(vxlan) + ${more}, 0) + vxlan
for n in range(5): s.send(frame)`,
    );
  };
  const macOf = (netns: string): string => String(rows(netns, 'ip', '-j', 'link', 'show', 'eth0')[0]?.address);
  const shorts = async (forged: Forged) => (await during(site, here(), () => forge(forged))).short;

  test('what is right takes the short way, and what is not never does', async () => {
    expect(await shorts({})).toBe(5);
    const wrong: Record<string, Forged> = {
      'from an address of no node': { from: '10.0.0.99' },
      'of another network': { vni: 257 },
      'of a reserved VNI': { rest: 1 },
      'from a MAC of nobody': { mac: '02:00:00:00:00:99' },
      'from a MAC of this host': { mac: near.endpoint.mac },
      'for a MAC of nobody': { to: '02:00:00:00:00:99' },
      'for a MAC of its own host': { to: stranger.endpoint.mac },
      'with few hops to go': { ttl: 32 },
      'in fragments': { fragment: 0x2000 },
      'a later fragment': { fragment: 1 },
      'with a wrong checksum': { check: 1 },
      'to another port': { port: 4790 },
      'without a VNI': { flags: 0 },
      'with a mark of congestion': { tos: 3 },
      'longer than its packet': { more: 1 },
      'shorter than its packet': { more: -1 },
    };
    const found = new Map<string, number>();
    for (const [what, forged] of Object.entries(wrong)) found.set(what, await shorts(forged));
    expect([...found].filter(([, count]) => count > 0)).toEqual([]);
  });

  test('nor by the ordinary way, where the guard stands', async () => {
    const guard = withNamespace(here().path, () => new VxlanGuard(4, 'on', 4789));
    try {
      await makeGuard(guard, [HOST1, HOST2], [256]);
      const gets = (forged: Forged) => overhears(one, 'udp port 9', () => forge(forged));
      expect(await gets({})).toBe(true);
      for (const forged of [{ from: '10.0.0.99' }, { ttl: 32 }, { fragment: 0x2000 }, { check: 1 }, { more: 1 }])
        expect(await gets(forged), JSON.stringify(forged)).toBe(false);
      expect(traffic(site, here()).short).toBeGreaterThan(0);
    } finally {
      guard.close();
    }
  });
});
