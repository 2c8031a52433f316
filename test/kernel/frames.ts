/** Ethernet frames by hand, sent and caught in a namespace as a container with CAP_NET_RAW could. */
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ipBytes, macBytes } from '../../src/kernel/netlink/attributes.js';
import { bind, check, recv, send, socket } from '../../src/kernel/system/libc.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { run } from './bench.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const MSG_DONTWAIT = 0x40;
/** ETH_P_ALL, big-endian. */
const ALL = 0x0300;

/** All that comes and goes at one card. */
export class Wire {
  private readonly fd: number;

  constructor(netns: string, card = 'eth0') {
    const [row = {}] = JSON.parse(run(netns, 'ip', '-j', 'link', 'show', card)) as Record<string, unknown>[];
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET);
    address.writeUInt16LE(ALL, 2);
    address.writeInt32LE(Number(row.ifindex), 4);
    this.fd = withNamespace(netns, () => {
      const fd = check('socket AF_PACKET', socket(AF_PACKET, SOCK_RAW, ALL));
      check('bind', bind(fd, address, address.length));
      return fd;
    });
  }

  send(frame: Buffer): void {
    check('send', Number(send(this.fd, frame, frame.length, 0)));
  }

  /** What has come until one that contains `last`; rejects after a second. */
  async until(last: Buffer): Promise<readonly Buffer[]> {
    const frames: Buffer[] = [];
    for (const end = performance.now() + 1000; performance.now() < end; await sleep(2)) {
      for (;;) {
        const buffer = Buffer.alloc(2048);
        const length = Number(recv(this.fd, buffer, buffer.length, MSG_DONTWAIT));
        if (length < 0) break;
        frames.push(buffer.subarray(0, length));
        if (buffer.includes(last)) return frames;
      }
    }
    throw new Error('the last frame did not come');
  }

  close(): void {
    closeSync(this.fd);
  }
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
export const ether = (to: string, from: string, type: number, ...parts: readonly Buffer[]): Buffer =>
  Buffer.concat([macBytes(to), macBytes(from), u16(type), ...parts]);

/** `operation`: 1 asks, 2 answers. */
export const arp = (operation: number, mac: string, ip: string, target: string, about = '00:00:00:00:00:00'): Buffer =>
  Buffer.concat([
    Buffer.from([0, 1, 8, 0, 6, 4]),
    u16(operation),
    ...[macBytes(mac), ipBytes(ip), macBytes(about), ipBytes(target)],
  ]);

/** UDP to the discard port, without a checksum. `fragment`: flags and offset as the header has them. */
export function ip4(from: string, to: string, fragment = 0, payload = Buffer.alloc(8)): Buffer {
  const header = Buffer.from([0x45, 0, 0, 28 + payload.length, 0, 7, fragment >> 8, fragment & 255, 64, 17, 0, 0]);
  const bytes = Buffer.concat([header, ipBytes(from), ipBytes(to)]);
  bytes.writeUInt16BE(checksum(bytes), 10);
  return Buffer.concat([bytes, u16(9), u16(9), u16(8 + payload.length), u16(0), payload]);
}

export const ip6 = (from: string, to: string, next: number, payload: Buffer, hops = 255): Buffer =>
  Buffer.concat([
    Buffer.from([0x60, 0, 0, 0]),
    u16(payload.length),
    Buffer.from([next, hops]),
    ...[ipBytes(from), ipBytes(to), payload],
  ]);

/** A whole ICMPv6 message with its checksum for that pair of addresses. */
export function icmp6(from: string, to: string, type: number, rest: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from([type, 0, 0, 0]), rest]);
  const pseudo = Buffer.concat([ipBytes(from), ipBytes(to), u16(0), u16(message.length), Buffer.from([0, 0, 0, 58])]);
  message.writeUInt16BE(checksum(Buffer.concat([pseudo, message])), 2);
  return message;
}

/** What follows type, code and checksum of a solicitation or advertisement. */
export const discovery = (flags: number, target: string, ...options: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([flags, 0, 0, 0]), ipBytes(target), ...options]);

/** `type` 1: of the source, 2: of the target. */
export const linkAddress = (type: number, mac: string): Buffer =>
  Buffer.concat([Buffer.from([type, 1]), macBytes(mac)]);

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
