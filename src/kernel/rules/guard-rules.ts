/**
 * The guard's chains and rules. Only a datagram's first bytes can be looked at, so three things stand beside the plain
 * match of a VXLAN id. A first fragment may end before the id: it is dropped where one with an id of ours would be. A
 * process may hand over many datagrams as one (UDP_SEGMENT), which the kernel cuts behind the last hook: the first id
 * says nothing of the rest. So what no node sends leaves a host with {@link FAR} hops at most, whatever its id, and with
 * so few left nothing of ours comes in; and what comes uncut to a host itself is dropped where it has room for two frames.
 * A packet socket hands over several as well, and writes the UDP header itself: its checksum may be none, and its length a
 * lie, which is set right where the kernel cuts for the wire, and believed where it cuts for a socket of its own.
 *
 * And whoever says that a way takes small packets only is believed by the kernel, whatever he is: all VXLAN to that host would
 * be cut to fragments. A router says so to the address that it was sent from, by the interface that has it; a container,
 * whose bridge may be the way to no node, does not.
 */
import type { GuardMode } from '../../model/values/settings.js';
import { ipBytes, readIp } from '../netlink/attributes.js';
import {
  fieldAtLeast,
  fieldBelow,
  fieldIn,
  fieldIs,
  fieldIsNot,
  fieldNotIn,
  fieldOutside,
  ICMP_KIND,
  IP_DADDR,
  IP_SADDR,
  IP_TTL,
  IP6_DADDR,
  IP6_HOP_LIMIT,
  IP6_SADDR,
  QUOTED_DADDR,
  QUOTED_DADDR6,
  setHeaderField,
  UDP_CHECKSUM,
  UDP_DPORT,
  UDP_LENGTH,
  VXLAN_VNI,
} from '../nft/field.js';
import { change, type Match, type NamedRule, pass, refuse } from '../nft/named-rule.js';
import {
  byRouteBack,
  cameByKind,
  firstFragment,
  firstFragment6,
  forItsInterface,
  notByLoopback,
  notForItsInterface,
  protocolIs,
  protocolIsNot,
  sentByUser,
} from '../nft/packet.js';
import type { HOOK } from '../nft/table.js';

export const GUARD_TABLE = 'tsoverlay-guard';
export const NODES = 'nodes';
export const VNIS = 'vnis';

const UDP = 17;
/** Linux sends with 64 hops to go; no underlay takes 31 of them. */
const FAR = 32;
/** UDP header and twice the least VXLAN that holds ARP or IP: 8 of VXLAN, 14 of Ethernet, 28 of ARP. */
const TWO_FRAMES = 8 + 2 * (8 + 14 + 28);
/** What containers come by. Others' hosts too send without a checksum, by cards. */
const OF_CONTAINERS = ['bridge', 'veth'];

/** The keys of the sets. */
export const nodeBytes = (node: string): Buffer => ipBytes(node);
export const vniBytes = (vni: number): Buffer => Buffer.from([vni >> 16, (vni >> 8) & 0xff, vni & 0xff]);
export const nodeOf = (bytes: Buffer): string => readIp(bytes);
export const vniOf = (bytes: Buffer): number => bytes.readUIntBE(0, 3);

export type Underlay = 4 | 6;

export interface GuardChain {
  /** Of the hook, too. */
  readonly name: keyof typeof HOOK;
  readonly rules: readonly NamedRule[];
}

/** Which addresses and ids are meant stands in the sets {@link NODES} and {@link VNIS}. `kinds`: the kernel knows `iifkind`. */
export function guardChains(
  underlay: Underlay,
  mode: Exclude<GuardMode, 'off'>,
  port: number,
  kinds: boolean,
): readonly GuardChain[] {
  const chain = chainOf(port);
  const ip = underlay === 4 ? IPV4 : IPV6;
  const ours = fieldIn(VXLAN_VNI, VNIS);
  const foreign = fieldNotIn(VXLAN_VNI, VNIS);
  const stranger = fieldNotIn(ip.source, NODES);
  const member = fieldIn(ip.source, NODES);
  const toMember = fieldIn(ip.destination, NODES);
  // Over IPv6 0 is as long as the packet is.
  const several = fieldOutside(UDP_LENGTH, Buffer.from([0, 1]), Buffer.from([0, TWO_FRAMES - 1]));
  // What the kernel is to cut for a socket of UDP's has one always (udp_send_skb).
  const checked = fieldIsNot(UDP_CHECKSUM, Buffer.alloc(2));
  const user = sentByUser();

  if (mode === 'incoming')
    return [
      chain('input', [
        refuse('from no node', ours, stranger),
        pass('from a node', ours),
        pass('foreign', foreign),
        refuse('cut', stranger, ip.begins),
      ]),
    ];
  const smaller = (kind: string): Match[] => [ip.tooBig, cameByKind(kind), fieldIn(ip.quoted, NODES)];
  const paths = (kinds ? OF_CONTAINERS : []).flatMap((kind) => [
    refuse(`a smaller way, by a ${kind}`, ...smaller(kind), notForItsInterface()),
    refuse(`a smaller way, to no node, by a ${kind}`, ...smaller(kind), fieldNotIn(ip.destination, NODES)),
  ]);
  return [
    chain(
      'input',
      [
        // First what there is most of.
        pass('from a node to a node', ours, member, toMember, notByLoopback(), ip.straight),
        refuse('from no node', ours, stranger),
        refuse('not as nodes send', ours),
        refuse('several, through a node', member, ip.detour, several),
        // Connection tracking leaves it alone, so no masquerading makes it look like a node's.
        refuse('without a length, through a host', ip.detour, fieldIs(UDP_LENGTH, Buffer.alloc(2))),
        pass('foreign, to a node by its interface', foreign, toMember, forItsInterface()),
        refuse('several, with a checksum', stranger, several, checked),
        ...(kinds ? OF_CONTAINERS : []).map((kind) =>
          refuse(`several, by a ${kind}`, stranger, several, cameByKind(kind)),
        ),
        pass('foreign', foreign),
        refuse('cut', ip.begins),
      ],
      paths,
    ),
    // Not in `input`: there the kernel says nothing of multicast to a socket that it has found already (nft_fib_can_skip).
    chain('prerouting', [
      pass('from no node', stranger),
      pass('by the way back', byRouteBack()),
      refuse('not by the way back', ours),
      // Its length says nothing yet: it may go on to another host, and the kernel sets it right as it cuts.
      change('several', ip.straight, ip.near),
      pass('foreign', foreign),
      refuse('cut', ip.begins),
    ]),
    chain('forward', [
      // A member of the cluster may be the others' router, or the host of virtual machines that are members.
      pass('between nodes', ours, member, toMember),
      refuse('not between nodes', ours),
      change('several', stranger, ip.straight, ip.near),
      pass('foreign', foreign),
      refuse('cut', ip.begins),
    ]),
    chain('output', [
      refuse("a user's", user, ours),
      pass('from a node', ours, member),
      refuse('from no node', ours, stranger),
      change("several of a user's", user, ip.straight, ip.near),
      pass('foreign', foreign),
      refuse('cut', user, ip.begins),
    ]),
  ];
}

const IPV4 = {
  source: IP_SADDR,
  destination: IP_DADDR,
  begins: firstFragment(),
  straight: fieldAtLeast(IP_TTL, Buffer.from([FAR + 1, 0])),
  detour: fieldBelow(IP_TTL, Buffer.from([FAR + 1, 0])),
  near: setHeaderField(IP_TTL, Buffer.from([FAR, UDP])),
  tooBig: [...protocolIs(1), ...fieldIs(ICMP_KIND, Buffer.from([3, 4]))],
  quoted: QUOTED_DADDR,
};
const IPV6 = {
  source: IP6_SADDR,
  destination: IP6_DADDR,
  begins: firstFragment6(),
  straight: fieldAtLeast(IP6_HOP_LIMIT, Buffer.from([FAR + 1])),
  detour: fieldBelow(IP6_HOP_LIMIT, Buffer.from([FAR + 1])),
  near: setHeaderField(IP6_HOP_LIMIT, Buffer.from([FAR])),
  tooBig: [...protocolIs(58), ...fieldIs(ICMP_KIND, Buffer.from([2, 0]))],
  quoted: QUOTED_DADDR6,
};

/** What is of another protocol or port ends early: nearly all traffic of a host. `before`: of other protocols. */
const chainOf =
  (port: number) =>
  (name: GuardChain['name'], rules: readonly NamedRule[], before: readonly NamedRule[] = []): GuardChain => ({
    name,
    rules: [
      ...before,
      pass('other protocols', protocolIsNot(UDP)),
      pass(`other ports than ${port}`, protocolIs(UDP), fieldIsNot(UDP_DPORT, Buffer.from([port >> 8, port & 0xff]))),
      ...rules,
    ],
  });
