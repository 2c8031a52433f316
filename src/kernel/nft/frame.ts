/**
 * Fields of frames as they come out of a port, beside those of field.ts: Ethernet, ARP, IPv6 and its neighbour discovery.
 * Offsets of RFC 826, 8200, 4443 and 4861.
 */
import { type Field, LINK_HEADER, NETWORK_HEADER, TRANSPORT_HEADER } from './expression.js';

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
