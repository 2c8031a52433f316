/**
 * What a container may send when it is held to its record: frames from its MAC that carry IPv4, IPv6 or ARP of its
 * addresses. All else is dropped: other senders, VLAN tags, other protocols, what is too short or malformed. Pure.
 *
 * - ARP (RFC 826) says MAC and address of its sender twice, and both are held; a probe (RFC 5227, sender 0.0.0.0) may
 *   ask for own addresses alone, for others would give theirs up.
 * - Neighbour discovery (RFC 4861) comes in the two forms that kernels send: without an option, or with the one
 *   link-layer option, which must name the own MAC; never behind an extension header. An advertisement speaks of own
 *   addresses, so does a solicitation from `::` (RFC 4862's duplicate detection; its option may be RFC 7527's nonce).
 * - A first fragment must show what it carries (RFC 7112), and that is no neighbour discovery (RFC 6980). With further
 *   headers behind that of the fragment it need not: nf_tables reads on into what lies behind the packet, where the
 *   sender may write what he likes and the receiver does not look.
 * - What only routers say is dropped: router advertisements, redirects, MLD queries. So are router solicitations, which
 *   nobody here answers. DHCP (from 0.0.0.0) has no place where the engine gives the addresses.
 */
import type { Sender } from '../../model/plan/namespace-plan.js';
import { ipBytes, macBytes } from '../netlink/attributes.js';
import { fieldAbove, fieldBelow, fieldBetween, fieldIs, fieldIsNone, IP_SADDR, IP6_SADDR } from '../nft/field.js';
import {
  ARP_KINDS,
  ARP_OPERATION,
  ARP_SENDER_IP,
  ARP_SENDER_MAC,
  ARP_TARGET_IP,
  ETHER_SADDR,
  ETHER_TYPE,
  ICMP6_TYPE,
  ICMP6_TYPE_THIRD,
  IP6_LENGTH,
  IP6_NEXT_HEADER,
  LENGTH_OF_SECOND,
  ND_OPTION,
  ND_OPTION_KIND,
  ND_TARGET,
  NEXT_OF_SECOND,
} from '../nft/frame.js';
import { isEthernet, isFragment, isIp6, isLaterFragment, protocolIs, protocolIsNot } from '../nft/packet.js';
import { accept, drop, goTo } from '../nft/verdict.js';

export interface Rule {
  readonly chain: Chain;
  /** Encoded list elements, in order. */
  readonly expressions: readonly Buffer[];
}

/**
 * `frames` is hooked to the port; it hands IPv6 on by its source, an own address or `::`, and fragments go on from there.
 * No keywords of nft's.
 */
export const CHAINS = ['frames', 'ip6-own', 'ip6-fragments', 'ip6-unspecified'] as const;
export type Chain = (typeof CHAINS)[number];

const [FRAMES, OWN, FRAGMENTS, UNSPECIFIED] = CHAINS;
const IPV4 = Buffer.from([0x08, 0x00]);
const ARP = Buffer.from([0x08, 0x06]);
const IPV6 = Buffer.from([0x86, 0xdd]);
/** Ethernet and IPv4: types, then lengths. */
const ETHERNET_IPV4 = Buffer.from([0, 1, 8, 0, 6, 4]);
const REQUEST = Buffer.from([0, 1]);
const NEXT = { hopByHop: 0, routing: 43, fragment: 44, icmpv6: 58, destination: 60 } as const;
const TYPE = { mldQuery: 130, mldReport: 131, mldDone: 132, solicitation: 135, advertisement: 136, redirect: 137 };
const MLD2_REPORT = 143;
const SOURCE_MAC = Buffer.from([1, 1]);
const TARGET_MAC = Buffer.from([2, 1]);
const NONCE = Buffer.from([14, 1]);

/** The rules of one port, in order. Their number grows with the addresses. */
export function frameRules({ mac, addresses }: Sender): readonly Rule[] {
  const [card, bytes] = [macBytes(mac), addresses.map((a) => ipBytes(a))];
  const [ip4, ip6] = [bytes.filter((b) => b.length === 4), bytes.filter((b) => b.length === 16)];
  const chains = [ethernetRules(card, ip4, ip6)];
  if (ip6.length > 0) chains.push(ownIp6Rules(card, ip6), fragmentRules(), unspecifiedIp6Rules(ip6));
  return chains.flat();
}

function ethernetRules(mac: Buffer, ip4: readonly Buffer[], ip6: readonly Buffer[]): readonly Rule[] {
  const from = (type: Buffer) => [...isEthernet(), ...fieldIs(ETHER_SADDR, mac), ...fieldIs(ETHER_TYPE, type)];
  const arp = [...from(ARP), ...fieldIs(ARP_KINDS, ETHERNET_IPV4), ...fieldIs(ARP_SENDER_MAC, mac)];
  // Where there is no IPv6, there is no chain to go to either.
  const unspecified = [...from(IPV6), ...fieldIs(IP6_SADDR, Buffer.alloc(16)), ...goTo(UNSPECIFIED)];
  const probe = [...arp, ...fieldIs(ARP_OPERATION, REQUEST), ...fieldIs(ARP_SENDER_IP, Buffer.alloc(4))];
  return rules(FRAMES, [
    ...ip4.map((ip) => [...from(IPV4), ...fieldIs(IP_SADDR, ip), ...accept()]),
    ...ip6.map((ip) => [...from(IPV6), ...fieldIs(IP6_SADDR, ip), ...goTo(OWN)]),
    ...ip4.map((ip) => [...arp, ...fieldIs(ARP_SENDER_IP, ip), ...accept()]),
    ...ip4.map((ip) => [...probe, ...fieldIs(ARP_TARGET_IP, ip), ...accept()]),
    ...(ip6.length === 0 ? [] : [unspecified]),
    drop(),
  ]);
}

function ownIp6Rules(mac: Buffer, own: readonly Buffer[]): readonly Rule[] {
  return rules(OWN, [
    [...isFragment(), ...goTo(FRAGMENTS)],
    [...protocolIsNot(NEXT.icmpv6), ...accept()],
    [...icmpv6(), ...fieldBelow(ICMP6_TYPE, byte(TYPE.mldQuery)), ...accept()],
    [...icmpv6(), ...fieldBetween(ICMP6_TYPE, byte(TYPE.mldReport), byte(TYPE.mldDone)), ...accept()],
    [...icmpv6(), ...fieldAbove(ICMP6_TYPE, byte(TYPE.redirect)), ...accept()],
    [...discovery(TYPE.solicitation, 24), ...accept()],
    [...discovery(TYPE.solicitation, 32), ...fieldIs(ND_OPTION, Buffer.concat([SOURCE_MAC, mac])), ...accept()],
    ...own.map((ip) => [...discovery(TYPE.advertisement, 24), ...fieldIs(ND_TARGET, ip), ...accept()]),
    ...own.map((ip) => [
      ...discovery(TYPE.advertisement, 32),
      ...fieldIs(ND_TARGET, ip),
      ...fieldIs(ND_OPTION, Buffer.concat([TARGET_MAC, mac])),
      ...accept(),
    ]),
    drop(),
  ]);
}

function fragmentRules(): readonly Rule[] {
  const fragment = [...isIp6(), ...fieldIs(IP6_NEXT_HEADER, byte(NEXT.fragment))];
  const hiding = Object.values(NEXT).map(byte);
  return rules(FRAGMENTS, [
    // Without the first nobody can put it together.
    [...fragment, ...isLaterFragment(), ...accept()],
    [...fragment, ...fieldIsNone(NEXT_OF_SECOND, hiding), ...accept()],
    [
      ...fragment,
      ...fieldAbove(IP6_LENGTH, Buffer.from([0, 15])),
      ...fieldIs(NEXT_OF_SECOND, byte(NEXT.icmpv6)),
      ...fieldBelow(ICMP6_TYPE_THIRD, byte(TYPE.mldQuery)),
      ...accept(),
    ],
    drop(),
  ]);
}

function unspecifiedIp6Rules(own: readonly Buffer[]): readonly Rule[] {
  // RFC 3810: behind the router alert, and nothing else.
  const mld = [
    ...isIp6(),
    ...fieldIs(IP6_NEXT_HEADER, byte(NEXT.hopByHop)),
    ...fieldIs(NEXT_OF_SECOND, byte(NEXT.icmpv6)),
    ...fieldIs(LENGTH_OF_SECOND, byte(0)),
  ];
  return rules(UNSPECIFIED, [
    [...mld, ...fieldIs(ICMP6_TYPE_THIRD, byte(MLD2_REPORT)), ...accept()],
    [...mld, ...fieldBetween(ICMP6_TYPE_THIRD, byte(TYPE.mldReport), byte(TYPE.mldDone)), ...accept()],
    ...own.map((ip) => [...discovery(TYPE.solicitation, 24), ...fieldIs(ND_TARGET, ip), ...accept()]),
    ...own.map((ip) => [
      ...discovery(TYPE.solicitation, 32),
      ...fieldIs(ND_TARGET, ip),
      ...fieldIs(ND_OPTION_KIND, NONCE),
      ...accept(),
    ]),
    drop(),
  ]);
}

const rules = (chain: Chain, all: readonly (readonly Buffer[])[]): readonly Rule[] =>
  all.map((expressions) => ({ chain, expressions }));

const icmpv6 = () => protocolIs(NEXT.icmpv6);

/** A message of neighbour discovery right behind the IPv6 header, `length` bytes in all: one option has eight. */
const discovery = (type: number, length: 24 | 32): Buffer[] => [
  ...isIp6(),
  ...fieldIs(IP6_LENGTH, Buffer.from([0, length])),
  ...fieldIs(IP6_NEXT_HEADER, byte(NEXT.icmpv6)),
  ...icmpv6(),
  ...fieldIs(ICMP6_TYPE, byte(type)),
];

const byte = (value: number): Buffer => Buffer.from([value]);
