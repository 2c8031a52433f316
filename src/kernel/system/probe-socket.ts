/**
 * A UDP socket of which each datagram says whether it may be cut on its way, and who reckons its checksum. It is sent by
 * sendto(2) at once, for the runtime's own `send` does it later, under options that may be another datagram's by then.
 */
import { createSocket, type Socket } from 'node:dgram';
import { familyOf } from '../../model/values/address.js';
import { errnoSymbol } from './errno.js';
import { check, lastErrno, MSG_DONTWAIT, SOL_SOCKET, sendto, setsockopt } from './libc.js';
import { portOf, type SocketAddress, sockaddr, udpSocketIn } from './sockets.js';

export interface Manner {
  /** It is not to be cut, and what the kernel believes of the path is not asked (IP_PMTUDISC_PROBE). */
  readonly whole: boolean;
  /** With a checksum, which a card with offload reckons. */
  readonly checksum: boolean;
  /** More than so many bytes are cut by the card, or as late as can be, into datagrams of so many (UDP_SEGMENT). */
  readonly segment?: number;
}

export interface Received {
  readonly bytes: Buffer;
  readonly from: SocketAddress;
}

const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const [PMTUDISC_PROBE, PMTUDISC_INTERFACE] = [3, 4];
/** By family: level and name. */
const MTU_DISCOVER = { 4: [0, 10], 6: [41, 23] } as const;
/** SO_NO_CHECK; UDP_NO_CHECK6_TX, which the other side must have allowed (RX). */
const NO_CHECK = { 4: [SOL_SOCKET, 11], 6: [SOL_UDP, 101] } as const;
const NO_CHECK6_RX = 102;

export class ProbeSocket {
  readonly port: number;
  private readonly family: 4 | 6;
  private readonly reader: Socket;
  private readonly set = new Map<string, number>();

  /** In the namespace at this path, from `local`. Throws a KernelError, ENOENT without the namespace. */
  constructor(namespace: string, local: SocketAddress, listener: (datagram: Received) => void) {
    this.family = familyOf(local.address);
    this.fd = udpSocketIn(namespace, local);
    this.port = portOf(this.fd);
    if (this.family === 6) this.option(SOL_UDP, NO_CHECK6_RX, 1);
    this.reader = createSocket(this.family === 4 ? 'udp4' : 'udp6');
    // A refusal that came back, say: who asks hears nothing, which says as much.
    this.reader.on('error', () => {});
    this.reader.on('message', (bytes, { address, port }) => listener({ bytes, from: { address, port } }));
    this.reader.bind({ fd: this.fd });
  }

  private readonly fd: number;

  /** Gives the errno's name when the kernel did not take it, e.g. EMSGSIZE. */
  send(bytes: Buffer, to: SocketAddress, { whole, checksum, segment = 0 }: Manner): string | undefined {
    const [level, discover] = MTU_DISCOVER[this.family];
    this.option(level, discover, whole ? PMTUDISC_PROBE : PMTUDISC_INTERFACE);
    const [noCheckLevel, noCheck] = NO_CHECK[this.family];
    this.option(noCheckLevel, noCheck, checksum ? 0 : 1);
    this.option(SOL_UDP, UDP_SEGMENT, segment);
    const address = sockaddr(to);
    const sent = Number(sendto(this.fd, bytes, bytes.length, MSG_DONTWAIT, address, address.length));
    return sent < 0 ? errnoSymbol(lastErrno()) : undefined;
  }

  close(): void {
    this.reader.close();
  }

  private option(level: number, name: number, value: number): void {
    const key = `${level} ${name}`;
    if ((this.set.get(key) ?? 0) === value) return;
    this.set.set(key, value);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    check(`setsockopt ${key}`, setsockopt(this.fd, level, name, bytes, bytes.length));
  }
}
