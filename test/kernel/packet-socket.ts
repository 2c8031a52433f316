/**
 * Datagrams that leave by a packet socket (CAP_NET_RAW, which the engine gives to every container): no hook of netfilter
 * sees them leave, and each byte is the sender's, those too that the kernel would write.
 */
import { closeSync } from 'node:fs';
import { bind, check, send, setsockopt, socket } from '../../src/kernel/system/libc.js';
import { withNamespace } from '../../src/kernel/system/netns.js';

const [AF_PACKET, SOCK_RAW] = [17, 3];
const [SOL_PACKET, PACKET_VNET_HDR] = [263, 15];
/** linux/virtio_net.h */
const [NEEDS_CSUM, GSO_UDP_L4] = [1, 5];
const [ETHERNET_BYTES, IP4_BYTES, IP6_BYTES, UDP_BYTES] = [14, 20, 40, 8];
const CHECKSUM_AT = 6;

/**
 * An Ethernet frame with an IP packet that is one UDP datagram, which the kernel is to make datagrams of `segment` bytes
 * of, at the last moment (Linux 6.2). The datagram's checksum is taken for that of the pseudo header, whatever it is.
 */
export function sendSeveral(netns: string, link: number, frame: Buffer, segment: number): void {
  const ip = frame.readUInt16BE(12) === 0x0800 ? IP4_BYTES : IP6_BYTES;
  const header = Buffer.alloc(10);
  header.writeUInt8(NEEDS_CSUM);
  header.writeUInt8(GSO_UDP_L4, 1);
  header.writeUInt16LE(ETHERNET_BYTES + ip + UDP_BYTES, 2);
  header.writeUInt16LE(segment, 4);
  header.writeUInt16LE(ETHERNET_BYTES + ip, 6);
  header.writeUInt16LE(CHECKSUM_AT, 8);
  const fd = withNamespace(netns, () => check('socket', socket(AF_PACKET, SOCK_RAW, 0)));
  try {
    const on = Buffer.from([1, 0, 0, 0]);
    check('PACKET_VNET_HDR', setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, on, on.length));
    const local = Buffer.alloc(20);
    local.writeUInt16LE(AF_PACKET);
    local.writeInt32LE(link, 4);
    check('bind', bind(fd, local, local.length));
    const bytes = Buffer.concat([header, frame]);
    check('send', Number(send(fd, bytes, bytes.length, 0)));
  } finally {
    closeSync(fd);
  }
}

/** The datagram of an IP packet without options, with another length and checksum in its header than it has. */
export function lying(packet: Buffer, length: number, checksum = 0): Buffer {
  const lied = Buffer.from(packet);
  const at = (lied.readUInt8() >> 4 === 4 ? IP4_BYTES : IP6_BYTES) + 4;
  lied.writeUInt16BE(length, at);
  lied.writeUInt16BE(checksum, at + 2);
  return lied;
}
