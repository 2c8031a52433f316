/**
 * "This address has this MAC now", said to all who are on a bridge: a gratuitous ARP request (RFC 5227 section 3), or an
 * unsolicited neighbour advertisement (RFC 4861 section 7.2.6). Kernels take it over their own entry at once.
 */
import { close } from 'node:fs';
import type { Bearer } from '../../model/diff/takeover.js';
import { ipBytes, macBytes } from '../netlink/attributes.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { AF, check, SOCK, sendto, socket } from '../system/libc.js';

const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const ETHERNET = 14;
const EVERYBODY = Buffer.alloc(6, 0xff);

const IPV6 = 40;
const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Override what is known. */
const OVERRIDE = 0x20000000;
const TARGET_LINK_ADDRESS = 2;
/** ff02::1, and where Ethernet sends it. */
const ALL_NODES = Buffer.from('ff020000000000000000000000000001', 'hex');
const ALL_NODES_MAC = Buffer.from('333300000001', 'hex');

/** `bearers`: by the index of their bridge in the namespace. Throws a KernelError. */
export function announce(
  namespace: Pick<HeldNamespace, 'within'>,
  bearers: Iterable<Pick<Bearer, 'ip' | 'mac'> & { readonly index: number }>,
): void {
  // Without a protocol it receives nothing.
  const fd = namespace.within(() => check('socket', socket(AF.packet, SOCK.raw | SOCK.cloexec, 0)));
  try {
    for (const { index, ip, mac } of bearers) {
      const frame = frameOf(ipBytes(ip), macBytes(mac));
      const to = sockaddr(index, frame);
      check(`announce ${ip}`, Number(sendto(fd, frame, frame.length, 0, to, to.length)));
    }
  } finally {
    // The kernel has whoever ends such a socket wait until nobody can be using it (`packet_release`): a pool thread does.
    close(fd, () => {});
  }
}

/** `struct sockaddr_ll`. */
function sockaddr(index: number, frame: Buffer): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16LE(AF.packet);
  frame.copy(bytes, 2, 12, ETHERNET);
  bytes.writeInt32LE(index, 4);
  bytes[11] = 6;
  frame.copy(bytes, 12, 0, 6);
  return bytes;
}

export const frameOf = (ip: Buffer, mac: Buffer): Buffer =>
  ip.length === 4
    ? Buffer.concat([ethernet(EVERYBODY, mac, ETH_P_ARP), arp(ip, mac)])
    : Buffer.concat([ethernet(ALL_NODES_MAC, mac, ETH_P_IPV6), advertisement(ip, mac)]);

const ethernet = (to: Buffer, from: Buffer, type: number): Buffer => Buffer.concat([to, from, u16(type)]);

/** Ethernet, IPv4, their lengths, request; sender and target are the same address. */
const arp = (ip: Buffer, mac: Buffer): Buffer =>
  Buffer.concat([u16(1), u16(0x0800), Buffer.from([6, 4]), u16(1), mac, ip, Buffer.alloc(6), ip]);

function advertisement(ip: Buffer, mac: Buffer): Buffer {
  const body = Buffer.concat([
    Buffer.from([NEIGHBOUR_ADVERTISEMENT, 0, 0, 0]),
    u32(OVERRIDE),
    ip,
    Buffer.from([TARGET_LINK_ADDRESS, 1]),
    mac,
  ]);
  const pseudo = Buffer.concat([ip, ALL_NODES, u32(body.length), Buffer.from([0, 0, 0, ICMPV6])]);
  body.writeUInt16BE(checksum(Buffer.concat([pseudo, body])), 2);
  const header = Buffer.alloc(IPV6);
  header.writeUInt32BE(0x60000000);
  header.writeUInt16BE(body.length, 4);
  header[6] = ICMPV6;
  // Only from the link itself, which this proves.
  header[7] = 255;
  ip.copy(header, 8);
  ALL_NODES.copy(header, 24);
  return Buffer.concat([header, body]);
}

/** RFC 1071; of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
