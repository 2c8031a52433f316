/** The watchers' filters, byte by byte and by what they let through: the interpreter here knows what linux/filter.h says. */
import { describe, expect, test } from 'vitest';
import { message } from '../../../../src/kernel/netlink/attributes.js';
import { linkFilter, namespaceFilter } from '../../../../src/kernel/netlink/socket-filter.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** Whether a program takes a packet. Loads are big-endian, one beyond the end drops it; only what our programs use. */
function takes(program: Buffer, packet: Buffer): boolean {
  const at = { pc: 0, a: 0, x: 0 };
  const jump = (n: number, yes: boolean): void => {
    at.pc += program.readUInt8(n * 8 + (yes ? 2 : 3));
  };
  const does: Record<number, (k: number, n: number) => void> = {
    0: (k) => Object.assign(at, { a: k }),
    1: (k) => Object.assign(at, { x: k }),
    7: () => Object.assign(at, { x: at.a }),
    21: (k, n) => jump(n, at.a === k),
    69: (k, n) => jump(n, (at.a & k) !== 0),
    32: (k) => Object.assign(at, { a: k === 0xfffff00c ? attribute(packet, at.a, at.x) : packet.readUInt32BE(k) }),
    48: (k) => Object.assign(at, { a: packet.readUInt8(k) }),
    64: (k) => Object.assign(at, { a: packet.readUInt32BE(at.x + k) }),
  };
  try {
    for (; ; at.pc++) {
      const [n, k] = [at.pc, program.readUInt32LE(at.pc * 8 + 4)];
      const code = program.readUInt16LE(n * 8);
      if (code === 0x06) return k !== 0;
      expect(does[code], `instruction ${code}`).toBeDefined();
      does[code]?.(k, n);
    }
  } catch (e) {
    if (e instanceof RangeError) return false;
    throw e;
  }
}

function attribute(packet: Buffer, from: number, type: number): number {
  for (let at = from; at + 4 <= packet.length; at += (packet.readUInt16LE(at) + 3) & ~3)
    if (packet.readUInt16LE(at + 2) === type) return at;
  return 0;
}

const netlink = (type: number, payload: Buffer): Buffer => {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + payload.length);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, payload]);
};
const neighbour = (type: number, family: number, link: number, state: number, flags = 0): Buffer => {
  const head = Buffer.alloc(12);
  head.writeUInt8(family);
  head.writeInt32LE(link, 4);
  head.writeUInt16LE(state, 8);
  head.writeUInt8(flags, 10);
  return netlink(type, head);
};
const link = (type: number, name: string, family = 0): Buffer =>
  netlink(
    type,
    message(Buffer.from([family, ...Buffer.alloc(15)]), [
      [13, Buffer.alloc(4)],
      [3, Buffer.from(`${name}\0`)],
      [4, Buffer.alloc(4)],
    ]),
  );

const [NEW, DELETE, GET] = [28, 29, 30];
const [STALE, FAILED, NOARP, PERMANENT, REACHABLE] = [4, 0x20, 0x40, 0x80, 2];
const [INET, INET6, BRIDGE] = [2, 10, 7];
const [SELF, MASTER] = [2, 4];

describe('a network’s namespace', () => {
  const filter = namespaceFilter([4, 70_000]);

  test('is a program of sock_filter instructions', () => {
    expect(filter.subarray(0, 32)).toEqual(
      hex('3000 00 00 05000000  1500 00 11 00000000  3000 00 00 04000000  1500 0e 00 10000000'),
    );
    expect(filter.length % 8).toBe(0);
  });

  test.each([
    ['a link', link(16, 'br0')],
    ['a link that goes', link(17, 'veth7')],
    ['how the bridge treats a port', link(16, 'veth0', BRIDGE)],
    ['an address', netlink(20, Buffer.alloc(8))],
    ['an address that goes', netlink(21, Buffer.alloc(8))],
    ['a neighbour of a VXLAN device', neighbour(NEW, INET, 4, PERMANENT)],
    ['… of another one, IPv6', neighbour(NEW, INET6, 70_000, PERMANENT)],
    ['… that is no longer permanent', neighbour(NEW, INET, 4, STALE)],
    ['… that is deleted, which is told as failed', neighbour(NEW, INET, 4, FAILED)],
    ['… that is gone', neighbour(DELETE, INET, 4, FAILED)],
    ['an FDB entry that somebody set', neighbour(NEW, BRIDGE, 4, PERMANENT, SELF)],
    ['… and removed', neighbour(DELETE, BRIDGE, 4, PERMANENT, SELF)],
    ['a program that was taken away', netlink(45, Buffer.alloc(20))],
    ['… with its place', netlink(37, Buffer.alloc(20))],
    ['a static one of the bridge', neighbour(DELETE, BRIDGE, 9, NOARP, MASTER)],
  ])('%s is told of', (_, packet) => expect(takes(filter, packet)).toBe(true));

  test.each([
    ['the question for an unknown IP', neighbour(GET, INET, 4, STALE)],
    ['the question for an unknown MAC', neighbour(GET, BRIDGE, 4, STALE, SELF)],
    ['the bridge’s own neighbour', neighbour(NEW, INET, 3, REACHABLE)],
    ['… that expired', neighbour(DELETE, INET, 3, FAILED)],
    ['… on a link whose index only begins alike', neighbour(DELETE, INET, 4 + (1 << 16), FAILED)],
    ['what the VXLAN device learned', neighbour(NEW, BRIDGE, 4, REACHABLE, SELF)],
    ['what the bridge learned', neighbour(NEW, BRIDGE, 9, REACHABLE, MASTER)],
    ['… and forgot', neighbour(DELETE, BRIDGE, 9, STALE, MASTER)],
    ['a port that the bridge lost', link(17, 'veth0', BRIDGE)],
    ['a route', netlink(24, Buffer.alloc(12))],
    ['another kind of message', netlink(16 + 256, Buffer.alloc(16))],
  ])('%s is not', (_, packet) => expect(takes(filter, packet)).toBe(false));

  test('has room for as many devices as a network can have subnets', () => {
    const many = namespaceFilter(Array.from({ length: 1_500 }, (_, n) => n + 1));
    expect(takes(many, neighbour(DELETE, INET, 1_500, FAILED))).toBe(true);
    expect(takes(many, neighbour(DELETE, INET, 1_501, FAILED))).toBe(false);
    expect(many.length / 8).toBeLessThan(4_096);
  });
});

describe('one link of the host', () => {
  const filter = linkFilter('docker_gwbridge');
  test.each([
    ['docker_gwbridge', 16, 0, true],
    ['docker_gwbridge', 17, 0, true],
    ['docker_gwbridge', 17, BRIDGE, false],
    ['docker_gwbridg', 16, 0, false],
    ['veth123', 16, 0, false],
    ['docker0', 17, 0, false],
  ])('%s, type %i, family %i: %s', (name, type, family, told) =>
    expect(takes(filter, link(type, name, family))).toBe(told),
  );
  test('a name that it only begins with is another', () => {
    expect(takes(linkFilter('eth0'), link(16, 'eth0'))).toBe(true);
    expect(takes(linkFilter('eth0'), link(16, 'eth01'))).toBe(false);
  });
});
