/**
 * Keeps gateways at home where unknown ARP and neighbour discovery go to all hosts. Each host has the gateway's address
 * on a bridge of its own: without this, whoever asks for it would be told the bridges of others, which nobody can send to.
 * nft table `netdev gateways-<vxlan device>`, hooked to what comes out of the VXLAN device, before its bridge. Observed, its
 * rules are read back into gateways and compared with those that we would make for these.
 */
import type { Ip } from '../../model/values/types.js';
import { changeOnce } from '../netfilter/changes.js';
import { ask, closeNetfilter, openOwnNetfilter } from '../netfilter/socket.js';
import { ipBytes, readIp } from '../netlink/attributes.js';
import { fieldBetween, fieldIs, IP6_SADDR } from '../nft/field.js';
import { ARP_SENDER_IP, ARP_TARGET_IP, ETHER_TYPE, ICMP6_TYPE, IP6_NEXT_HEADER, ND_TARGET } from '../nft/frame.js';
import { attributeOf, batch, type Change, dump, Msg, NFPROTO, question, text } from '../nft/message.js';
import { isEthernet, isIp6 } from '../nft/packet.js';
import { areAsMade, expressionsIn, isAsleep, isHookedAs, type Match, matchesIn } from '../nft/reading.js';
import { INGRESS, Table } from '../nft/table.js';
import { NFTA_CHAIN, NFTA_RULE } from '../nft/uapi.js';
import { drop } from '../nft/verdict.js';

const CHAIN = 'frames';
const PRIORITY = 0;
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
    table.chain(CHAIN, { number: INGRESS, priority: PRIORITY, device: vxlan }),
    ...gateways.flatMap(about).map((expressions) => table.rule(CHAIN, expressions)),
  ];
}

/**
 * In the caller's namespace: the gateways that the fences of these VXLAN devices keep at home, by their names. Of one that
 * is missing, or not as we would make it, there is nothing.
 */
export function observeFences(vxlans: readonly string[]): ReadonlyMap<string, readonly Ip[]> {
  const found = new Map<string, readonly Ip[]>();
  if (vxlans.length === 0) return found;
  const fd = openOwnNetfilter();
  try {
    for (const vxlan of vxlans) {
      const gateways = readFence(fd, vxlan);
      if (gateways !== undefined) found.set(vxlan, gateways);
    }
    return found;
  } finally {
    closeNetfilter(fd);
  }
}

function readFence(fd: number, vxlan: string): readonly Ip[] | undefined {
  const { name } = new Table(tableOf(vxlan));
  const verb = `nft list table netdev ${tableOf(vxlan)}`;
  const [table] = ask(fd, verb, question(Msg.getTable, [name], NFPROTO.netdev), Msg.newTable);
  if (table === undefined || isAsleep(table)) return undefined;
  const [chain] = ask(
    fd,
    verb,
    question(Msg.getChain, [name, text(NFTA_CHAIN.NAME, CHAIN)], NFPROTO.netdev),
    Msg.newChain,
  );
  if (chain === undefined || !isHookedAs(chain, { name: CHAIN, device: vxlan, priority: PRIORITY })) return undefined;
  const rules = ask(fd, verb, dump(Msg.getRule, [name], NFPROTO.netdev), Msg.newRule).map((rule) =>
    expressionsIn(attributeOf(rule, NFTA_RULE.EXPRESSIONS)),
  );
  const gateways = rules
    .flatMap(matchesIn)
    .filter(isSender)
    .map(({ value }) => readIp(value));
  const made = gateways.flatMap(about);
  return made.length === rules.length && made.every((rule, i) => areAsMade(rules[i] ?? [], rule))
    ? gateways
    : undefined;
}

/** The first rule about each gateway speaks of what comes from it. */
const isSender = ({ base, offset, value }: Match): boolean =>
  [ARP_SENDER_IP, IP6_SADDR].some((f) => f.base === base && f.offset === offset && f.length === value.length);

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
