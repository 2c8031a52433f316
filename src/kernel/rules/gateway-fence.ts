/**
 * Keeps gateways at home where unknown ARP and neighbour discovery go to all hosts. Each host has the gateway's address
 * on a bridge of its own: without this, whoever asks for it would be told the bridges of others, which nobody can send to.
 * nft table `netdev gateways-<vxlan device>`, hooked to what comes out of the VXLAN device, before its bridge.
 */
import type { Ip } from '../../model/values/types.js';
import { changeOnce } from '../netfilter/changes.js';
import { ipBytes } from '../netlink/attributes.js';
import { fieldBetween, fieldIs, IP6_SADDR } from '../nft/field.js';
import { ARP_SENDER_IP, ARP_TARGET_IP, ETHER_TYPE, ICMP6_TYPE, IP6_NEXT_HEADER, ND_TARGET } from '../nft/frame.js';
import { batch, type Change, NFPROTO } from '../nft/message.js';
import { isEthernet, isIp6 } from '../nft/packet.js';
import { INGRESS, Table } from '../nft/table.js';
import { drop } from '../nft/verdict.js';

const CHAIN = 'frames';
const ARP = Buffer.from([0x08, 0x06]);
const ICMPV6 = Buffer.from([58]);
const [SOLICITATION, ADVERTISEMENT] = [Buffer.from([135]), Buffer.from([136])];

/** `nft -f`: as a whole, in one atomic step. Rejects with a KernelError, ENODEV or ENOENT without the device. */
export const ensureFence = (namespace: string, vxlan: string, gateways: readonly Ip[]): Promise<void> =>
  changeOnce(namespace, `nft add table netdev ${tableOf(vxlan)}`, batch(changes(vxlan, gateways), NFPROTO.netdev));

const tableOf = (vxlan: string): string => `gateways-${vxlan}`;

function changes(vxlan: string, gateways: readonly Ip[]): readonly Change[] {
  const table = new Table(tableOf(vxlan));
  return [
    ...table.afresh(),
    table.chain(CHAIN, { number: INGRESS, priority: 0, device: vxlan }),
    ...gateways.flatMap(about).map((expressions) => table.rule(CHAIN, expressions)),
  ];
}

/** What says or asks where the gateway is: it comes from another host's bridge, or is for that one alone. */
function about(gateway: Ip): readonly (readonly Buffer[])[] {
  const ip = ipBytes(gateway);
  const arp = [...isEthernet(), ...fieldIs(ETHER_TYPE, ARP)];
  if (ip.length === 4) return [ARP_SENDER_IP, ARP_TARGET_IP].map((field) => [...arp, ...fieldIs(field, ip), ...drop()]);
  const icmp = [...isIp6(), ...fieldIs(IP6_NEXT_HEADER, ICMPV6)];
  const discovery = fieldBetween(ICMP6_TYPE, SOLICITATION, ADVERTISEMENT);
  return [
    [...icmp, ...fieldIs(IP6_SADDR, ip), ...drop()],
    [...icmp, ...discovery, ...fieldIs(ND_TARGET, ip), ...drop()],
  ];
}
