/** Fields of IP, UDP, TCP and VXLAN headers, and what rules say of any field. */
import {
  CMP,
  CSUM_INET,
  compare,
  type Field,
  immediate,
  load,
  lookUp,
  lookUpNot,
  NETWORK_HEADER,
  outside,
  store,
  TRANSPORT_HEADER,
} from './expression.js';
import { u32 } from './message.js';

const NFT_PAYLOAD_L4CSUM_PSEUDOHDR = 1;

export const IP_SADDR: Field = { base: NETWORK_HEADER, offset: 12, length: 4, checksum: 10 };
export const IP_DADDR: Field = { base: NETWORK_HEADER, offset: 16, length: 4, checksum: 10 };
export const UDP_SPORT: Field = { base: TRANSPORT_HEADER, offset: 0, length: 2, checksum: 6 };
export const UDP_DPORT: Field = { base: TRANSPORT_HEADER, offset: 2, length: 2, checksum: 6 };
/** Header and data, bytes. */
export const UDP_LENGTH: Field = { base: TRANSPORT_HEADER, offset: 4, length: 2, checksum: 6 };
export const UDP_CHECKSUM: Field = { base: TRANSPORT_HEADER, offset: 6, length: 2, checksum: 6 };
export const TCP_SPORT: Field = { base: TRANSPORT_HEADER, offset: 0, length: 2, checksum: 16 };
export const TCP_DPORT: Field = { base: TRANSPORT_HEADER, offset: 2, length: 2, checksum: 16 };

/** Without a checksum: it is only read. */
export const IP6_SADDR: Field = { base: NETWORK_HEADER, offset: 8, length: 16, checksum: 0 };
export const IP6_DADDR: Field = { base: NETWORK_HEADER, offset: 24, length: 16, checksum: 0 };
/** Time to live and protocol, for a checksum is over pairs of bytes. */
export const IP_TTL: Field = { base: NETWORK_HEADER, offset: 8, length: 2, checksum: 10 };
export const IP6_HOP_LIMIT: Field = { base: NETWORK_HEADER, offset: 7, length: 1, checksum: 0 };
/** Behind the UDP header, flags and reserved bytes (RFC 7348 section 5). */
export const VXLAN_VNI: Field = { base: TRANSPORT_HEADER, offset: 12, length: 3, checksum: 0 };
/** Type and code of ICMP, in both families. */
export const ICMP_KIND: Field = { base: TRANSPORT_HEADER, offset: 0, length: 2, checksum: 2 };
/** Where the packet was going that an ICMP error quotes (RFC 792, RFC 4443 section 3). */
export const QUOTED_DADDR: Field = { base: TRANSPORT_HEADER, offset: 8 + 16, length: 4, checksum: 2 };
export const QUOTED_DADDR6: Field = { base: TRANSPORT_HEADER, offset: 8 + 24, length: 16, checksum: 2 };

/** `<field> <value>` */
export const fieldIs = (field: Field, value: Buffer): Buffer[] => [load(field), compare(CMP.eq, value)];

/** `<field> != <value>` */
export const fieldIsNot = (field: Field, value: Buffer): Buffer[] => [load(field), compare(CMP.neq, value)];

/** `<field> != <value>`, for each of the values. */
export const fieldIsNone = (field: Field, values: readonly Buffer[]): Buffer[] => [
  load(field),
  ...values.map((value) => compare(CMP.neq, value)),
];

/** `<field> >= <value>`, both in network byte order. */
export const fieldAtLeast = (field: Field, value: Buffer): Buffer[] => [load(field), compare(CMP.gte, value)];

/** `<field> < <value>`, likewise. */
export const fieldBelow = (field: Field, value: Buffer): Buffer[] => [load(field), compare(CMP.lt, value)];

/** `<field> > <value>`, likewise. */
export const fieldAbove = (field: Field, value: Buffer): Buffer[] => [load(field), compare(CMP.gt, value)];

/** `<field> >= <first> <field> <= <last>` */
export const fieldBetween = (field: Field, first: Buffer, last: Buffer): Buffer[] => [
  load(field),
  compare(CMP.gte, first),
  compare(CMP.lte, last),
];

/** `<field> != <first>-<last>` */
export const fieldOutside = (field: Field, first: Buffer, last: Buffer): Buffer[] => [
  load(field),
  outside(first, last),
];

/** `<field> @<set>` */
export const fieldIn = (field: Field, set: string): Buffer[] => [load(field), lookUp(set)];

/** `<field> != @<set>` */
export const fieldNotIn = (field: Field, set: string): Buffer[] => [load(field), lookUpNot(set)];

/** `<field> set <value>`, with the checksums that cover it. */
export const setField = (field: Field, value: Buffer): Buffer[] => [
  immediate(value),
  store(field, [
    ...checksum(field),
    // Addresses are part of the transport checksum's pseudo header.
    ...(field.base === NETWORK_HEADER ? [u32(8, NFT_PAYLOAD_L4CSUM_PSEUDOHDR)] : []),
  ]),
];

/** `<field> set <value>` of an IP header's field that no checksum but the header's own covers, if there is that. */
export const setHeaderField = (field: Field, value: Buffer): Buffer[] => [
  immediate(value),
  store(field, field.checksum === 0 ? [] : checksum(field)),
];

const checksum = (field: Field): Buffer[] => [u32(6, CSUM_INET), u32(7, field.checksum)];
