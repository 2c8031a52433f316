/**
 * Who may send frames into our networks: nft table `tsoverlay-guard` in the host's namespace drops VXLAN of our VNIs
 * that comes from an address of no node. Other VNIs on the same port (a swarm's) are none of our business.
 */
import { isKernelError } from '../errors.js';
import type { Guard } from '../model/ports.js';
import type { NodeAddress } from '../model/types.js';
import { ipBytes } from './attributes.js';
import { OWN_NETNS } from './netns.js';
import {
  drop,
  fieldIn,
  fieldIs,
  fieldNotIn,
  IP_SADDR,
  IP6_SADDR,
  protocolIs,
  UDP_DPORT,
  VXLAN_VNI,
} from './nft-expression.js';
import {
  attr,
  batch,
  type Change,
  dump,
  element,
  Msg,
  NFPROTO,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  nested,
  netfilterType,
  text,
  u32,
} from './nft-message.js';
import { ask, closeNetfilter, openNetfilter, transact } from './nft-socket.js';

const TABLE = 'tsoverlay-guard';
const CHAIN = 'vxlan';
const NODES = 'nodes';
const VNIS = 'vnis';
const UDP = 17;
const PORT = Buffer.from([0x12, 0xb5]);
const NF_INET_LOCAL_IN = 1;
/** Before everybody's own filters; their `accept` does not overrule our drop. */
const PRIORITY = -10;
/** nft's own numbers for `ipv4_addr`, `ipv6_addr` and `integer`; the kernel only hands them back to `nft list`. */
const TYPE = { ip: 7, ip6: 8, integer: 4 } as const;
/** Elements per message, for a nested attribute ends at 64 KB. */
const CHUNK = 1000;

export type Underlay = 4 | 6;

/** In the network namespace that the calling thread is in. */
export class VxlanGuard implements Guard {
  private readonly fd = openNetfilter(OWN_NETNS);

  constructor(private readonly underlay: Underlay) {}

  /** `nft -f`: replaces the whole table in one atomic step. Throws a KernelError. */
  ensure(nodes: readonly NodeAddress[], vnis: readonly number[]): void {
    transact(this.fd, `nft add table ${TABLE}`, guardBatch(this.underlay, nodes, vnis));
  }

  /** `nft list chain`: false when somebody has deleted the table or flushed its rules. */
  stands(): boolean {
    const question = dump(Msg.getRule, [text(1, TABLE), text(2, CHAIN)], family(this.underlay));
    return ask(this.fd, `nft list chain ${TABLE} ${CHAIN}`, question).includes(netfilterType(Msg.newRule));
  }

  /** `nft delete table`; gone is success. */
  remove(): void {
    try {
      transact(this.fd, `nft delete table ${TABLE}`, batch([deleteTable()], family(this.underlay)));
    } catch (e) {
      if (!isKernelError(e, 'ENOENT')) throw e;
    }
  }

  close(): void {
    closeNetfilter(this.fd);
  }
}

const family = (underlay: Underlay): number => (underlay === 4 ? NFPROTO.ipv4 : NFPROTO.ipv6);

/** The bytes of {@link VxlanGuard.ensure}; nodes of the other family cannot send to this underlay. */
export function guardBatch(underlay: Underlay, nodes: readonly NodeAddress[], vnis: readonly number[]): Buffer {
  const size = underlay === 4 ? 4 : 16;
  const addresses = nodes.map((n) => ipBytes(n)).filter((b) => b.length === size);
  const source = underlay === 4 ? IP_SADDR : IP6_SADDR;
  return batch(
    [
      // Adding first makes the deletion succeed whether there was one or not.
      addTable(),
      deleteTable(),
      addTable(),
      addSet(NODES, 1, underlay === 4 ? TYPE.ip : TYPE.ip6, size),
      ...addElements(NODES, addresses),
      addSet(VNIS, 2, TYPE.integer, VXLAN_VNI.length),
      ...addElements(VNIS, vnis.map(vniBytes)),
      add(Msg.newChain, [
        text(1, TABLE),
        text(3, CHAIN),
        nested(4, u32(1, NF_INET_LOCAL_IN), u32(2, PRIORITY)),
        text(7, 'filter'),
      ]),
      {
        type: Msg.newRule,
        flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND,
        attributes: [
          text(1, TABLE),
          text(2, CHAIN),
          nested(
            4,
            ...protocolIs(UDP),
            ...fieldIs(UDP_DPORT, PORT),
            ...fieldIn(VXLAN_VNI, VNIS),
            ...fieldNotIn(source, NODES),
            ...drop(),
          ),
        ],
      },
    ],
    family(underlay),
  );
}

const addTable = (): Change => add(Msg.newTable, [text(1, TABLE)]);
const deleteTable = (): Change => ({ type: Msg.delTable, flags: NLM_F_ACK, attributes: [text(1, TABLE)] });

const addSet = (name: string, id: number, type: number, length: number): Change =>
  add(Msg.newSet, [text(1, TABLE), text(2, name), u32(3, 0), u32(4, type), u32(5, length), u32(10, id)]);

function addElements(set: string, values: readonly Buffer[]): readonly Change[] {
  const changes: Change[] = [];
  for (let i = 0; i < values.length; i += CHUNK) {
    const elements = values.slice(i, i + CHUNK).map((value) => element(nested(1, attr(1, value))));
    changes.push(add(Msg.newSetElem, [text(1, TABLE), text(2, set), nested(3, ...elements)]));
  }
  return changes;
}

const vniBytes = (vni: number): Buffer => Buffer.from([vni >> 16, (vni >> 8) & 0xff, vni & 0xff]);

function add(type: number, attributes: readonly Buffer[]): Change {
  return { type, flags: NLM_F_ACK | NLM_F_CREATE, attributes };
}
