/** What a container can make the kernel keep in its network's namespace, which is not its own and not charged to it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ipOf } from '../../src/model/values/address.js';
import type { Cidr } from '../../src/model/values/types.js';
import { HOST1 } from '../unit/model/fixtures.js';
import { link, run } from './bench.js';
import { type Container, networkOf, pings, Site, sendRaw } from './site.js';

const subnet = (n: number, vni: number) => ({
  pool: `172.16.${n}.0/24` as Cidr,
  gateway: `172.16.${n}.254/24` as Cidr,
  aux: {},
  vni,
});
const six = { pool: 'fd00:1::/64' as Cidr, gateway: 'fd00:1::fe/64' as Cidr, aux: {}, vni: 256 };

let site: Site;
let one: Container;
let other: Container;
beforeEach(async () => {
  site = new Site(networkOf({ subnets: [subnet(1, 256), subnet(2, 257), six] }));
  const first = site.endpoint(1, HOST1, { addresses: ['172.16.1.1/24', 'fd00:1::1/64'] as Cidr[] });
  const second = site.endpoint(2, HOST1, { addresses: ['172.16.2.2/24'] as Cidr[] });
  [one, other] = (await site.place(first, second)) as [Container, Container];
  run(one.netns, 'ip', 'route', 'add', '172.16.2.0/24', 'via', '172.16.1.254');
  run(other.netns, 'ip', 'route', 'add', '172.16.1.0/24', 'via', '172.16.2.254');
});
afterEach(() => site.close());

const inside = (command: string) => run(site.inside(site.hosts[0]), 'sh', '-c', command);
const count = (command: string) => Number(inside(`${command} | wc -l`));
/** What a sender computes in Python: the Internet checksum over a header. */
const CHECKSUM = `
def checksum(b):
  t = sum(struct.unpack("!%dH" % (len(b) // 2), b))
  t = (t >> 16) + (t & 65535)
  return 65535 - ((t >> 16) + t & 65535)
`;
const macBytes = (mac: string) => `bytes.fromhex("${mac.replaceAll(':', '')}")`;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

test('neighbours of the gateway: its subnet at the most, whoever asks for it', () => {
  const mac = macBytes(one.endpoint.mac);
  const arp = (sender: string) =>
    `s.send(${macBytes(BROADCAST)} + ${mac} + struct.pack("!HHHBBH", 0x806, 1, 0x800, 6, 4, 1) + ${mac} + ${sender} + bytes(6) + socket.inet_aton("172.16.1.254"))`;
  sendRaw(one, `for n in range(20000): ${arp('bytes([11]) + os.urandom(3)')}`);
  expect(count('ip neigh show dev br0')).toBeLessThan(10);
  sendRaw(one, `for n in range(20000): ${arp('socket.inet_aton("172.16.1.0")[:3] + os.urandom(1)')}`);
  expect(count('ip neigh show dev br0')).toBeLessThan(256);
  expect(pings(one, ipOf(other.endpoint.addresses[0] as Cidr))).toBe(true);
});

test('groups that a container joins are not kept, and who queries for them is not believed', () => {
  const mac = macBytes(one.endpoint.mac);
  // Reports and a query of IGMPv2 (RFC 2236), with the router alert that makes them such.
  sendRaw(
    one,
    `${CHECKSUM}
def igmp(kind, group):
  b = struct.pack("!BBH", kind, 100, 0) + group
  return struct.pack("!BBH", kind, 100, checksum(b)) + group
def packet(kind, group, to):
  p = igmp(kind, group)
  h = struct.pack("!BBHHHBBH", 0x46, 0xc0, 24 + len(p), 0, 0, 1, 2, 0) + socket.inet_aton("172.16.1.1") + to + b"\\x94\\x04\\0\\0"
  h = h[:10] + struct.pack("!H", checksum(h)) + h[12:]
  s.send(bytes([1, 0, 0x5e, to[1] & 127, to[2], to[3]]) + ${mac} + b"\\x08\\0" + h + p)
packet(0x11, bytes(4), bytes([224, 0, 0, 1]))
for n in range(3000):
  g = bytes([230]) + os.urandom(3)
  packet(0x16, g, g)
`,
  );
  expect(count('bridge mdb show')).toBe(0);
});

test('router advertisements and redirects change neither addresses nor routes', () => {
  const [addresses, routes] = ['ip -o address show dev br0', 'ip route; ip -6 route'].map(inside);
  const [mac, gateway] = [one.endpoint.mac, String(link(site.inside(site.hosts[0]), 'br0')?.address)];
  sendRaw(
    one,
    `${CHECKSUM}
def icmp6(src, dst, to, body):
  src, dst = socket.inet_pton(socket.AF_INET6, src), socket.inet_pton(socket.AF_INET6, dst)
  c = checksum(src + dst + struct.pack("!IxxxB", len(body), 58) + body)
  body = body[:2] + struct.pack("!H", c) + body[4:]
  s.send(to + ${macBytes(mac)} + b"\\x86\\xdd" + struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + src + dst + body)
prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 9999, 9999, 0) + socket.inet_pton(socket.AF_INET6, "fd66::")
icmp6("fe80::66", "ff02::1", bytes.fromhex("333300000001"), struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix)
body = struct.pack("!BBH", 5, 1, 0) + socket.inet_aton("172.16.1.1") + bytes([0x45, 0, 0, 28]) + bytes(4) + bytes([64, 17, 0, 0]) + socket.inet_aton("172.16.1.254") + socket.inet_aton("172.16.2.2") + bytes(8)
body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
h = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 1, 0) + socket.inet_aton("172.16.1.1") + socket.inet_aton("172.16.1.254")
h = h[:10] + struct.pack("!H", checksum(h)) + h[12:]
s.send(${macBytes(gateway)} + ${macBytes(mac)} + b"\\x08\\0" + h + body)
`,
  );
  expect(['ip -o address show dev br0', 'ip route; ip -6 route'].map(inside)).toEqual([addresses, routes]);
  expect(pings(one, 'fd00:1::fe')).toBe(true);
});
