/** Whatever a container sends, sound or not, comes out of the short way as it does out of the ordinary one. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from './bench.js';
import { DUAL, during, ipOf, placeThree, python, serving, shortSite } from './short-way.js';
import type { Container, Site } from './site.js';

let site: Site;
let one: Container, near: Container, far: Container;
beforeEach(async () => {
  site = await shortSite(DUAL);
  [one, near, far] = await placeThree(site);
  // So that nothing but the way itself says no.
  for (const { netns } of [one, near, far]) run(netns, 'ip', 'link', 'set', 'eth0', 'mtu', '9000');
});
afterEach(() => site.close());

const hex = (mac: string): string => mac.replaceAll(':', '');

/** Python that makes the list F. Each frame has a number in it, so that none is taken for another. */
const frames = (to: Container): string => `import socket, struct
def sum_of(b):
  t = sum(struct.unpack("!%dH" % (len(b) // 2), b)); t = (t & 0xffff) + (t >> 16); t = (t & 0xffff) + (t >> 16)
  return ~t & 0xffff
ends = bytes.fromhex("${hex(to.endpoint.mac)}${hex(one.endpoint.mac)}")
four = socket.inet_aton("${ipOf(one)}") + socket.inet_aton("${ipOf(to)}")
six = socket.inet_pton(10, "${ipOf(one, 6)}") + socket.inet_pton(10, "${ipOf(to, 6)}")
F = []
def udp(size=20):
  return struct.pack("!4H", 9, 9, 8 + size, 0) + (b"mark%04d" % len(F)).ljust(size, b".")
def ip4(load, ihl=5, ttl=64, proto=17, tos=0, frag=0, length=None, version=4, wrong=0):
  options = b"\\x01" * (4 * max(ihl - 5, 0))
  h = struct.pack("!BBHHHBBH", version << 4 | ihl, tos, 20 + len(options + load) if length is None else length, 1, frag, ttl, proto, 0) + four + options
  return h[:10] + struct.pack("!H", sum_of(h) ^ wrong) + h[12:] + load
def ip6(load, header=17, hops=64, traffic=0, length=None):
  return struct.pack("!IHBB", 6 << 28 | traffic << 20, len(load) if length is None else length, header, hops) + six + load
def add(kind, load, to=ends[:6]): F.append(to + ends[6:] + struct.pack("!H", kind) + load)
for n in (0, 1, 4, 5, 6, 10, 15): add(0x800, ip4(udp(), ihl=n))
for n in (0, 1, 2, 255): add(0x800, ip4(udp(), ttl=n)); add(0x86dd, ip6(udp(), hops=n))
for n in (1, 2, 3, 0xfc, 0xff): add(0x800, ip4(udp(), tos=n)); add(0x86dd, ip6(udp(), traffic=n))
for n in (0x4000, 0x2000, 1, 0x2003, 0x8000, 0xe000): add(0x800, ip4(udp(), frag=n))
for n in (0, 19, 20, 27, 49, 2000, 65535): add(0x800, ip4(udp(), length=n)); add(0x86dd, ip6(udp(), length=n))
for n in (0, 5, 6, 15): add(0x800, ip4(udp(), version=n))
for n in (0, 1, 6, 47, 50, 132, 255): add(0x800, ip4(udp(), proto=n))
for n in (0, 43, 44, 51, 59, 60, 135): add(0x86dd, ip6(bytes([17, 0]) + bytes(6) + udp(), header=n))
for n in (19, 20, 21, 27, 28): add(0x800, ip4(udp())[:n])
for n in (39, 40, 41): add(0x86dd, ip6(udp())[:n])
for n in range(1420, 1428): add(0x800, ip4(udp(n))); add(0x86dd, ip6(udp(n - 20)))
add(0x800, ip4(udp(), wrong=1)); add(0x800, ip4(udp()) + b"padding" * 9); add(0x800, ip4(udp(), ihl=15)[:30])
add(0x86dd, ip4(udp())); add(0x800, ip6(udp()))
for n in (0x8100, 0x88a8): add(n, struct.pack("!HH", 5, 0x800) + ip4(udp()))
for n in (0x806, 0x8847, 0x88cc, 0x1234): add(n, udp())
for to in ("ffffffffffff", "01005e000005"): add(0x800, ip4(udp()), bytes.fromhex(to))
add(0x86dd, ip6(udp()), bytes.fromhex("333300000001"))
`;

/** Those that arrive, byte by byte. */
async function arriving(to: Container): Promise<readonly string[]> {
  const server = `import json, socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(("eth0", 3)); s.settimeout(1); print("ready")
got = []
try:
  while True:
    frame, about = s.recvfrom(65536)
    if about[2] != 4 and b"mark" in frame: got.append("%s %d %x" % (frame.hex(), about[2], about[1]))
except TimeoutError: print(json.dumps(sorted(got)))`;
  const client = `${frames(to)}import time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
for frame in F:
  try: s.send(frame)
  except OSError: pass
  time.sleep(0.002)`;
  return JSON.parse(await serving(to.netns, server, () => python(one.netns, client)));
}

test('frames of every kind, whole and broken', async () => {
  const short = new Map<Container, readonly string[]>();
  const went = await during(site, site.hosts[1], async () => short.set(far, await arriving(far)));
  expect(went.short).toBeGreaterThan(60);
  short.set(near, await arriving(near));
  site.acceleration = 'off';
  await site.converge();
  for (const [to, got] of short) {
    expect(got.length, ipOf(to)).toBeGreaterThan(80);
    expect(got, ipOf(to)).toEqual(await arriving(to));
  }
});
