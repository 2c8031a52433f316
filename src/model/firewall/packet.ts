/** A datagram of UDP, as far as it is known beforehand: what the rules of a firewall can see of it. Pure. */
import ipaddr from 'ipaddr.js';
import { familyOf } from '../values/address.js';
import type { Source } from './ruleset.js';

/** Undefined: not known. */
export type Bytes = readonly (number | undefined)[];

export interface Datagram {
  /** Undefined: any. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** UDP. */
  readonly port: number;
  readonly family: 4 | 6;
  /** The interface by which it comes, or goes; undefined where that is not known. */
  readonly link: { readonly name: string; readonly index: number } | undefined;
  readonly isComing: boolean;
  /** Name of the interface by which it came, where this host passes it on. */
  readonly cameBy?: string;
}

const UDP = 17;
/** linux/netfilter/nf_tables.h: `enum nft_meta_keys`, `enum nft_ct_keys`. */
const META = { protocol: 1, iif: 4, oif: 5, iifname: 6, oifname: 7, nfproto: 15, l4proto: 16, pkttype: 19 } as const;
const CT = { state: 0, status: 2 } as const;
/** NF_CT_STATE_BIT(IP_CT_NEW): each flow of VXLAN is one way, and what answers is another one. */
const STATE_NEW = [8, 0, 0, 0];
/** Neither translated nor answered; whether it is confirmed depends on the chain, and nobody asks. */
const STATUS_NONE = [0, 0, 0, 0];
const IFNAMSIZ = 16;
const ETHERTYPE = { 4: [0x08, 0x00], 6: [0x86, 0xdd] } as const;
const NFPROTO = { 4: 2, 6: 10 } as const;

/** Bytes of a source, `length` at most, in whole words as registers have them. */
export function bytesOf(packet: Datagram, source: Source, length: number): Bytes {
  const bytes = loaded(packet, source, length);
  return [...bytes, ...Array((4 - (bytes.length % 4)) % 4).fill(0)];
}

function loaded(packet: Datagram, source: Source, length: number): Bytes {
  switch (source.kind) {
    case 'network':
      return cut(packet.family === 4 ? ipv4(packet) : ipv6(packet), source.offset, length);
    case 'transport':
      return cut([undefined, undefined, packet.port >> 8, packet.port & 0xff], source.offset, length);
    case 'ct':
      return source.key === CT.state ? STATE_NEW : source.key === CT.status ? STATUS_NONE : unknown(length);
    case 'meta':
      return meta(packet, source.key) ?? unknown(length);
  }
}

function meta({ family, link, isComing, cameBy }: Datagram, key: number): Bytes | undefined {
  switch (key) {
    case META.protocol:
      return ETHERTYPE[family];
    case META.nfproto:
      return [NFPROTO[family]];
    case META.l4proto:
      return [UDP];
    case META.pkttype:
      return isComing ? [0] : undefined;
    case isComing ? META.iifname : META.oifname:
      return nameOf(link?.name);
    case META.iifname:
      return nameOf(cameBy);
    case isComing ? META.iif : META.oif:
      return link === undefined ? undefined : [...u32(link.index)];
    default:
      return undefined;
  }
}

const nameOf = (link: string | undefined): Bytes | undefined =>
  link === undefined ? undefined : [...Buffer.alloc(IFNAMSIZ, 0).fill(link, 0, link.length)];

const address = (ip: string | undefined, length: number): Bytes =>
  ip === undefined || familyOf(ip) !== (length === 4 ? 4 : 6)
    ? Array(length).fill(undefined)
    : ipaddr.parse(ip).toByteArray();

const ipv4 = ({ from, to }: Datagram): Bytes => [
  ...[0x45, undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined, UDP],
  ...[undefined, undefined],
  ...address(from, 4),
  ...address(to, 4),
];

const ipv6 = ({ from, to }: Datagram): Bytes => [
  ...[undefined, undefined, undefined, undefined, undefined, undefined, UDP, undefined],
  ...address(from, 16),
  ...address(to, 16),
];

const unknown = (length: number): Bytes => Array(length).fill(undefined);

const cut = (bytes: Bytes, offset: number, length: number): Bytes =>
  Array.from({ length }, (_, i) => bytes[offset + i]);

/** As the machine has it: our hosts are little-endian. */
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
