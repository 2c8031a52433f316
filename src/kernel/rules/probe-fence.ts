/**
 * What a host admitted to the cluster may make of the probe network: so many packets a second, of IP alone. No neighbours
 * are asked for there, and who would ask leaves entries in a table that the whole machine shares. nft table
 * `netdev probe-<device>`, hooked to what comes out of the VXLAN device; it goes with that.
 */
import { changeOnce } from '../netfilter/changes.js';
import { fieldBetween, fieldIsNot } from '../nft/field.js';
import { ETHER_TYPE, ICMP6_TYPE } from '../nft/frame.js';
import { batch, NFPROTO } from '../nft/message.js';
import { isEthernet, protocolIs } from '../nft/packet.js';
import { INGRESS, Table } from '../nft/table.js';
import { drop, packetsOver } from '../nft/verdict.js';
import type { Underlay } from './guard-rules.js';

const CHAIN = 'frames';
/** A hundred hosts that probe this one in the same second send some twenty packets each. */
const [RATE, BURST] = [2_000, 4_000];
const IP = { 4: Buffer.from([0x08, 0x00]), 6: Buffer.from([0x86, 0xdd]) } as const;
const ICMPV6 = 58;
/** Multicast listeners, routers, neighbours, redirects (RFC 2710, 4861). */
const [FIRST_OF_LINK, LAST_OF_LINK] = [Buffer.from([130]), Buffer.from([137])];

/** `nft -f`: as a whole, in one atomic step. Rejects with a KernelError, ENODEV or ENOENT without the device. */
export function ensureProbeFence(namespace: string, device: string, underlay: Underlay): Promise<void> {
  const table = new Table(`probe-${device}`);
  const rules = [
    [...isEthernet(), ...fieldIsNot(ETHER_TYPE, IP[underlay]), ...drop()],
    ...(underlay === 4
      ? []
      : [[...protocolIs(ICMPV6), ...fieldBetween(ICMP6_TYPE, FIRST_OF_LINK, LAST_OF_LINK), ...drop()]]),
    [...packetsOver(RATE, BURST), ...drop()],
  ];
  const changes = [
    ...table.afresh(),
    table.chain(CHAIN, { number: INGRESS, priority: 0, device }),
    ...rules.map((expressions) => table.rule(CHAIN, expressions)),
  ];
  return changeOnce(namespace, `nft add table netdev probe-${device}`, batch(changes, NFPROTO.netdev));
}
