/**
 * Expressions over frames as they come out of a port, beside those of nft-expression: Ethernet, ARP, IPv6 and its
 * neighbour discovery. Offsets of RFC 826, 8200, 4443 and 4861.
 */
import { compare, expression, type Field, load } from './expression.js';
import { attr, nested, text, u32 } from './message.js';

const LINK_HEADER = 0;
const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const REG_1 = 1;
const NFT_META = { protocol: 1, iiftype: 8, l4proto: 16 } as const;
const NFT_CMP = { eq: 0, neq: 1, lt: 2, lte: 3, gt: 4, gte: 5 } as const;
const ARPHRD_ETHER = Buffer.from([1, 0]);
const NFT_REG_VERDICT = 0;
const NF_ACCEPT = 1;
const NFT_GOTO = -4;
const IPV6_FRAGMENT = 44;
const NFT_EXTHDR_F_PRESENT = 1;

const field = (base: number, offset: number, length: number): Field => ({ base, offset, length, checksum: 0 });

export const ETHER_SADDR = field(LINK_HEADER, 6, 6);
/**
 * Never loaded in one with the address before it: the kernel puts a VLAN tag that the card has taken off back only for
 * loads that begin here, and else shows the type of what is inside of the tag (`nft_payload_eval`).
 */
export const ETHER_TYPE = field(LINK_HEADER, 12, 2);
/** Types and lengths of both addresses. */
export const ARP_KINDS = field(NETWORK_HEADER, 0, 6);
export const ARP_OPERATION = field(NETWORK_HEADER, 6, 2);
export const ARP_SENDER_MAC = field(NETWORK_HEADER, 8, 6);
export const ARP_SENDER_IP = field(NETWORK_HEADER, 14, 4);
export const ARP_TARGET_IP = field(NETWORK_HEADER, 24, 4);
export const IP6_LENGTH = field(NETWORK_HEADER, 4, 2);
export const IP6_NEXT_HEADER = field(NETWORK_HEADER, 6, 1);
/** Behind the IPv6 header: what follows there, say a fragment, and how long a header of options is. */
export const NEXT_OF_SECOND = field(NETWORK_HEADER, 40, 1);
export const LENGTH_OF_SECOND = field(NETWORK_HEADER, 41, 1);
/** The type of an ICMPv6 message behind one such header of eight bytes. */
export const ICMP6_TYPE_THIRD = field(NETWORK_HEADER, 48, 1);
export const ICMP6_TYPE = field(TRANSPORT_HEADER, 0, 1);
export const ND_TARGET = field(TRANSPORT_HEADER, 8, 16);
/** The first option of a solicitation or an advertisement: its type and length, and with them an Ethernet address. */
export const ND_OPTION_KIND = field(TRANSPORT_HEADER, 24, 2);
export const ND_OPTION = field(TRANSPORT_HEADER, 24, 8);

/** `<field> < <value>` */
export const fieldBelow = (f: Field, value: Buffer): Buffer[] => [load(f), compare(NFT_CMP.lt, value)];

/** `<field> > <value>` */
export const fieldAbove = (f: Field, value: Buffer): Buffer[] => [load(f), compare(NFT_CMP.gt, value)];

/** `<field> != <value>`, for each of the values. */
export const fieldIsNone = (f: Field, values: readonly Buffer[]): Buffer[] => [
  load(f),
  ...values.map((value) => compare(NFT_CMP.neq, value)),
];

/** `<field> >= <first> <field> <= <last>` */
export const fieldBetween = (f: Field, first: Buffer, last: Buffer): Buffer[] => [
  load(f),
  compare(NFT_CMP.gte, first),
  compare(NFT_CMP.lte, last),
];

/** `meta iiftype ether`: true of every port; without it `nft list` would show bare bytes. In host order. */
export const isEthernet = (): Buffer[] => [meta(NFT_META.iiftype), compare(NFT_CMP.eq, ARPHRD_ETHER)];

/** `meta protocol ip6`: where that is known already, for `nft list` again. */
export const isIp6 = (): Buffer[] => [meta(NFT_META.protocol), compare(NFT_CMP.eq, Buffer.from([0x86, 0xdd]))];

/** `exthdr frag exists`: somewhere among the extension headers. */
export const isFragment = (): Buffer[] => [
  expression('exthdr', u32(1, REG_1), fragmentHeader(), u32(3, 0), u32(4, 1), u32(5, NFT_EXTHDR_F_PRESENT)),
  compare(NFT_CMP.eq, Buffer.from([1])),
];

/** `frag frag-off > 0`: a fragment that is not the first; the offset stands above three bits of flags. */
export const isLaterFragment = (): Buffer[] => [
  expression('exthdr', u32(1, REG_1), fragmentHeader(), u32(3, 2), u32(4, 2)),
  expression('bitwise', u32(1, REG_1), u32(2, REG_1), u32(3, 2), data(4, 0xff, 0xf8), data(5, 0, 0)),
  compare(NFT_CMP.gt, Buffer.from([0, 0])),
];

/** `accept` */
export const accept = (): Buffer[] => [verdict(u32(1, NF_ACCEPT))];

/** `goto <chain>` */
export const goTo = (chain: string): Buffer[] => [verdict(u32(1, NFT_GOTO), text(2, chain))];

const verdict = (...parts: readonly Buffer[]): Buffer =>
  expression('immediate', u32(1, NFT_REG_VERDICT), nested(2, nested(2, ...parts)));

const meta = (key: number): Buffer => expression('meta', u32(1, REG_1), u32(2, key));

const fragmentHeader = (): Buffer => attr(2, Buffer.from([IPV6_FRAGMENT]));

const data = (type: number, ...bytes: readonly number[]): Buffer => nested(type, attr(1, Buffer.from(bytes)));
