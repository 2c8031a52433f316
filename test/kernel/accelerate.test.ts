/** The short way carries what the ordinary one would, bit by bit, and leaves to that what it must not touch. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cidr } from '../../src/model/values/types.js';
import { run } from './bench.js';
import { DUAL, during, ipOf, placeThree, python, serving, shortSite, withoutChecksums } from './short-way.js';
import { type Container, networkOf, pings, Site } from './site.js';

/** Bytes of a transfer. */
const LARGE = 96 << 20;

let site: Site;
let one: Container, near: Container, far: Container;
beforeEach(async () => {
  site = await shortSite(DUAL);
  [one, near, far] = await placeThree(site);
});
afterEach(() => site.close());

const [here, there] = [() => site.hosts[0], () => site.hosts[1]];

/** Sends so many bytes by TCP; the receiver's hash has to be the sender's. */
async function transfer(from: Container, to: Container, family: 4 | 6): Promise<void> {
  const kind = family === 4 ? 'AF_INET' : 'AF_INET6';
  const server = `import hashlib, socket
s = socket.socket(socket.${kind}); s.bind(("", 5000)); s.listen(); print("ready")
c, _ = s.accept(); h = hashlib.sha256(); n = 0
while True:
  piece = c.recv(1 << 20)
  if not piece: break
  h.update(piece); n += len(piece)
print(n, h.hexdigest())`;
  const client = `import hashlib, os, socket
s = socket.socket(socket.${kind}); s.connect(("${ipOf(to, family)}", 5000)); h = hashlib.sha256()
piece = os.urandom(1 << 20)
for n in range(${LARGE >> 20}):
  s.sendall(piece); h.update(piece); piece = piece[1:] + piece[:1]
s.close(); print(${LARGE}, h.hexdigest())`;
  let sent = '';
  const got = await serving(to.netns, server, () => {
    sent = python(from.netns, client).trim();
  });
  expect(got).toBe(sent);
}

/** Answers each datagram with its hash. */
const ECHO = (family: 4 | 6, answers: number) => `import hashlib, socket
s = socket.socket(socket.${family === 4 ? 'AF_INET' : 'AF_INET6'}, socket.SOCK_DGRAM); s.bind(("", 5001)); print("ready")
for n in range(${answers}):
  data, who = s.recvfrom(65536); s.sendto(hashlib.sha256(data).digest() + data[:1], who)
print("done")`;

async function datagrams(from: Container, to: Container, family: 4 | 6, sizes: readonly number[]): Promise<void> {
  const client = `import hashlib, os, socket
s = socket.socket(socket.${family === 4 ? 'AF_INET' : 'AF_INET6'}, socket.SOCK_DGRAM); s.settimeout(3)
s.connect(("${ipOf(to, family)}", 5001))
for size in [${sizes.join(', ')}]:
  data = os.urandom(size); s.send(data); answer = s.recv(65536)
  assert answer == hashlib.sha256(data).digest() + data[:1], size`;
  expect(await serving(to.netns, ECHO(family, sizes.length), () => python(from.netns, client))).toBe('done');
}

describe.each([4, 6] as const)('IPv%s', (family) => {
  test('a large transfer arrives as it was sent, to another host and on the same, by the short way', async () => {
    const went = await during(site, there(), () => transfer(one, far, family));
    expect(went.short).toBeGreaterThan(500);
    // Who asks for a neighbour does so by the ordinary way.
    expect(went.ordinary).toBeLessThan(20);
    const back = await during(site, here(), () => transfer(far, one, family));
    expect(back.short).toBeGreaterThan(500);
    await transfer(one, near, family);
  });

  test('from a card that makes no checksums', async () => {
    for (const c of [one, far]) withoutChecksums(c);
    await transfer(one, far, family);
    await transfer(far, one, family);
    await transfer(one, near, family);
  });

  test('datagrams of all sizes, in fragments too', async () => {
    const sizes = [1, 1000, 1402, 1403, 1422, 1423, 1500, 2900, 9000, 60_000, 65_000];
    await datagrams(one, far, family, sizes);
    await datagrams(far, one, family, sizes);
    await datagrams(one, near, family, sizes);
  });
});

test('many datagrams in one, which the kernel cuts', async () => {
  const server = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(1, 33, 1 << 22); s.settimeout(5); s.bind(("", 5002)); print("ready")
got = [s.recv(65536) for n in range(60)]
print(len({len(g) for g in got}), b"".join(sorted(got, key=lambda g: g[0])).hex() == bytes(n for n in range(60) for _ in range(1000)).hex())`;
  const client = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(17, 103, 1000)
s.sendto(bytes(n for n in range(60) for _ in range(1000)), ("%s", 5002))`;
  for (const to of [far, near])
    expect(await serving(to.netns, server, () => python(one.netns, client.replace('%s', ipOf(to))))).toBe('1 True');
});

test('the MTU is exact, as on the ordinary way, whatever the card of the container believes', async () => {
  const whole = (from: Container, to: Container, bytes: number): boolean => {
    run(from.netns, 'ip', 'route', 'flush', 'cache');
    try {
      run(from.netns, 'ping', '-c1', '-W', '0.3', '-M', 'do', '-s', String(bytes), ipOf(to));
      return true;
    } catch {
      return false;
    }
  };
  const sizes = [1422, 1423, 1427];
  const answers = () => [far, near].flatMap((to) => sizes.map((bytes) => whole(one, to, bytes)));
  expect(answers()).toEqual([true, false, false, true, false, false]);
  // With a larger MTU of its own nothing but the way itself says no; a bridge lets four bytes more pass, for a VLAN's tag.
  for (const c of [one, near, far]) run(c.netns, 'ip', 'link', 'set', 'eth0', 'mtu', '9000');
  const short = answers();
  expect(short.slice(0, 2)).toEqual([true, false]);
  site.acceleration = 'off';
  await site.converge();
  expect(short).toEqual(answers());
});

test('marks of congestion arrive as they were sent', async () => {
  const server = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(0, 13, 1); s.bind(("", 5003)); print("ready")
print(*[s.recvmsg(100, 100)[1][0][2][0] for n in range(4)])`;
  const client = `import socket
for tos in [0, 1, 2, 3]:
  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(0, 1, tos); s.sendto(b"x", ("${ipOf(far)}", 5003))`;
  expect(await serving(far.netns, server, () => python(one.netns, client))).toBe('0 1 2 3');
});

test('the host’s own rules of routing hold for it, those about the port of VXLAN too', async () => {
  run(here().path, 'ip', 'rule', 'add', 'ipproto', 'udp', 'dport', '4789', 'blackhole');
  expect(pings(one, ipOf(far))).toBe(false);
  run(here().path, 'ip', 'rule', 'delete', 'ipproto', 'udp', 'dport', '4789', 'blackhole');
  expect(pings(one, ipOf(far))).toBe(true);
});

describe('the ordinary way is for', () => {
  test('several segments, ports that are held to a record, and hosts that do not want it', async () => {
    for (const change of [
      { options: { 'tsoverlay.antispoof': 'on' } },
      {
        subnets: [1, 2].map((n) => ({ pool: `172.16.${n}.0/24` as Cidr, aux: {}, vni: 255 + n })),
      },
    ]) {
      const other = new Site(networkOf(change));
      try {
        other.acceleration = 'on';
        const [a, b] = (await other.fill(1, 1)) as [Container, Container];
        expect(pings(a, ipOf(b))).toBe(true);
        expect(run(other.inside(other.hosts[0]), 'ip', '-br', 'link')).not.toContain('lane0');
      } finally {
        other.close();
      }
    }
  });

  test('a host that does not take part: both understand each other, and changing over costs nothing', async () => {
    const count = ['-q', '-c', '60', '-i', '0.01', ipOf(far)];
    const talk = () => run(one.netns, 'ping', ...count);
    expect(talk()).toContain(' 0% packet loss');
    site.acceleration = 'off';
    await site.converge();
    for (const host of site.hosts) await host.kernel.shortWays.unhook('eth0');
    expect(run(here().path, 'tc', 'qdisc', 'show', 'dev', 'eth0')).not.toContain('clsact');
    expect(run(here().path, 'ip', '-br', 'link')).not.toContain('tsl');
    expect(run(site.inside(here()), 'sh', '-c', 'ip -br link; tc qdisc show')).not.toMatch(/lane0|clsact/);
    expect(talk()).toContain(' 0% packet loss');
  });
});
