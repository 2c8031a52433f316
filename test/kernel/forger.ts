/** Whatever a process can send that looks like VXLAN: by plain, raw and packet sockets of a namespace, whole or cut. */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';
import { ipBytes, macBytes } from '../../src/kernel/netlink/attributes.js';
import { bind, check, sendto, setsockopt, socket } from '../../src/kernel/system/libc.js';
import { withNamespace } from '../../src/kernel/system/netns.js';

const [AF_INET, AF_INET6, AF_PACKET] = [2, 10, 17];
const [SOCK_DGRAM, SOCK_RAW] = [2, 3];
const [SOL_SOCKET, SO_BROADCAST, SOL_UDP, UDP_SEGMENT, IPPROTO_RAW] = [1, 6, 17, 103, 255];
const VXLAN_PORT = 4789;

/** A VXLAN header and a broadcast frame of an experimental ethertype; `bytes` is the length of all. */
export function vxlan(vni: number, bytes = 60, flags = 0x08): Buffer {
  const header = Buffer.from([flags, 0, 0, 0, vni >> 16, (vni >> 8) & 0xff, vni & 0xff, 0]);
  const ethernet = Buffer.from('ffffffffffff02000000000988b5', 'hex');
  return Buffer.concat([header, ethernet], bytes);
}

/** VXLAN with an ICMP echo request to a container, from an address and a MAC of nobody. */
export function forgedPing(vni: number, mac: string, from: string, to: string): Buffer {
  const echo = Buffer.from('0800000012340001', 'hex');
  echo.writeUInt16BE(checksum(echo), 2);
  const packet = ip4(from, to, echo.length, 0, Buffer.alloc(0), 1);
  return Buffer.concat([vxlan(vni, 8), macBytes(mac), Buffer.from('0200000000090800', 'hex'), packet, echo]);
}

export interface DatagramOptions {
  readonly source?: string;
  readonly sourcePort?: number;
  readonly port?: number;
  /** UDP_SEGMENT: the kernel makes datagrams of so many bytes of it. */
  readonly segment?: number;
}

/** `sendto(2)` on a plain UDP socket. */
export function sendUdp(netns: string, to: string, data: Buffer, options: DatagramOptions = {}): void {
  const { source, sourcePort = 0, port = VXLAN_PORT, segment } = options;
  withSocket(netns, familyOf(to), SOCK_DGRAM, 0, (fd) => {
    check('SO_BROADCAST', setsockopt(fd, SOL_SOCKET, SO_BROADCAST, int(1), 4));
    if (source !== undefined || sourcePort > 0) {
      const local = address(source ?? (to.includes(':') ? '::' : '0.0.0.0'), sourcePort);
      check('bind', bind(fd, local, local.length));
    }
    if (segment !== undefined) check('UDP_SEGMENT', setsockopt(fd, SOL_UDP, UDP_SEGMENT, int(segment), 4));
    const remote = address(to, port);
    send(fd, data, remote);
  });
}

/** The command by which a user of a host without any right sends the same. No byte may be a newline: bash sends by lines. */
export function sendingAsNobody(to: string, data: Buffer): readonly string[] {
  const bytes = [...data].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'bash', '-c'];
  return [...nobody, `printf '${bytes}' >/dev/udp/${to}/${VXLAN_PORT}`];
}

/** IP packets as they are, on a raw socket (CAP_NET_RAW, which the engine gives to every container). */
export function sendRaw(netns: string, to: string, ...packets: readonly Buffer[]): void {
  withSocket(netns, familyOf(to), SOCK_RAW, IPPROTO_RAW, (fd) => {
    check('SO_BROADCAST', setsockopt(fd, SOL_SOCKET, SO_BROADCAST, int(1), 4));
    const remote = address(to, 0);
    for (const packet of packets) send(fd, packet, remote);
  });
}

/** An IPv4 packet on the interface of this index, by a packet socket: no hook of netfilter sees it leave. */
export function sendOnLink(netns: string, index: number, packet: Buffer): void {
  withSocket(netns, AF_PACKET, SOCK_DGRAM, 0x0008, (fd) => {
    const link = Buffer.alloc(20);
    link.writeUInt16LE(AF_PACKET);
    link.writeUInt16BE(0x0800, 2);
    link.writeInt32LE(index, 4);
    link.writeUInt8(6, 11);
    send(fd, packet, link);
  });
}

/** EPERM is what a sender is told when a hook has dropped what it sent. */
function send(fd: number, data: Buffer, to: Buffer): void {
  const sent = Number(sendto(fd, data, data.length, 0, to, to.length));
  if (sent < 0 && koffi.errno() !== constants.errno.EPERM) check('sendto', sent);
}

/** An IPv4 or IPv6 packet with a UDP datagram; `options` are bytes of the IPv4 header, a multiple of four. */
export function udpPacket(from: string, to: string, data: Buffer, port = VXLAN_PORT, options = Buffer.alloc(0)) {
  const datagram = Buffer.concat([Buffer.alloc(8), data]);
  datagram.writeUInt16BE(40_000);
  datagram.writeUInt16BE(port, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  if (!from.includes(':')) return Buffer.concat([ip4(from, to, datagram.length, 0, options), datagram]);
  const pseudo = Buffer.concat([ipBytes(from), ipBytes(to), Buffer.from([0, 0, 0, datagram.length, 0, 0, 0, 17])]);
  datagram.writeUInt16BE(checksum(Buffer.concat([pseudo, datagram])) || 0xffff, 6);
  return Buffer.concat([ip6(from, to, 17, datagram.length), datagram]);
}

/** The same in two fragments, the first with `first` bytes of the datagram, a multiple of eight. */
export function fragments(from: string, to: string, data: Buffer, first: number): readonly Buffer[] {
  const whole = udpPacket(from, to, data);
  if (!from.includes(':')) {
    const datagram = whole.subarray(20);
    return [
      Buffer.concat([ip4(from, to, first, 0x2000), datagram.subarray(0, first)]),
      Buffer.concat([ip4(from, to, datagram.length - first, first / 8), datagram.subarray(first)]),
    ];
  }
  const datagram = whole.subarray(40);
  const piece = (offset: number, more: number, bytes: Buffer): Buffer => {
    const header = Buffer.from([17, 0, 0, 0, 0x12, 0x34, 0x56, 0x78]);
    header.writeUInt16BE(offset | more, 2);
    return Buffer.concat([ip6(from, to, 44, 8 + bytes.length), header, bytes]);
  };
  return [piece(0, 1, datagram.subarray(0, first)), piece(first, 0, datagram.subarray(first))];
}

/** An IPv6 packet whose UDP header stands behind destination options. */
export function behindOptions(from: string, to: string, data: Buffer): Buffer {
  const datagram = udpPacket(from, to, data).subarray(40);
  return Buffer.concat([ip6(from, to, 60, 8 + datagram.length), Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]), datagram]);
}

/** "The way from a to b takes no more than so many bytes", said by whoever. What it quotes of them is an echo. */
export function tooBig(from: string, to: string, a: string, b: string, mtu: number): Buffer {
  // An answer of the kernel's to a ping in IPv4: no socket has to have sent it.
  const echo = Buffer.alloc(8);
  if (!from.includes(':')) {
    const message = Buffer.concat([
      Buffer.from([3, 4, 0, 0, 0, 0, mtu >> 8, mtu & 0xff]),
      ip4(a, b, 1400, 0x4000, undefined, 1),
      echo,
    ]);
    message.writeUInt16BE(checksum(message), 2);
    return Buffer.concat([ip4(from, to, message.length, 0, undefined, 1), message]);
  }
  echo[0] = 128;
  const message = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, mtu >> 8, mtu & 0xff]), ip6(a, b, 58, 1400), echo]);
  const pseudo = Buffer.concat([ipBytes(from), ipBytes(to), Buffer.from([0, 0, 0, message.length, 0, 0, 0, 58])]);
  message.writeUInt16BE(checksum(Buffer.concat([pseudo, message])), 2);
  return Buffer.concat([ip6(from, to, 58, message.length), message]);
}

function ip4(from: string, to: string, length: number, fragment: number, options = Buffer.alloc(0), protocol = 17) {
  const header = Buffer.alloc(20);
  header[0] = 0x45 + options.length / 4;
  header.writeUInt16BE(20 + options.length + length, 2);
  header.writeUInt16BE(0x1234, 4);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = protocol;
  ipBytes(from).copy(header, 12);
  ipBytes(to).copy(header, 16);
  const all = Buffer.concat([header, options]);
  all.writeUInt16BE(checksum(all), 10);
  return all;
}

function ip6(from: string, to: string, next: number, length: number): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 0x60;
  header.writeUInt16BE(length, 4);
  header[6] = next;
  header[7] = 64;
  return Buffer.concat([header, ipBytes(from), ipBytes(to)]);
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const familyOf = (ip: string): number => (ip.includes(':') ? AF_INET6 : AF_INET);

function address(ip: string, port: number): Buffer {
  const bytes = Buffer.alloc(ip.includes(':') ? 28 : 16);
  bytes.writeUInt16LE(familyOf(ip));
  bytes.writeUInt16BE(port, 2);
  ipBytes(ip).copy(bytes, ip.includes(':') ? 8 : 4);
  return bytes;
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function withSocket(netns: string, domain: number, type: number, protocol: number, work: (fd: number) => void): void {
  const fd = withNamespace(netns, () => check('socket', socket(domain, type, protocol)));
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}
