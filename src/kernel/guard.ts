/**
 * Who may send frames into our networks: nft table `tsoverlay-guard` in the host's namespace. VXLAN of our ids is dropped
 * that comes from an address of no node (`input`), by another way than the one back (`prerouting`), through this host
 * but from no node (`forward`: a container, before the engine makes it look like the host), or from a process of this
 * host (`output`). Other ids on the same port (a swarm's) are none of our business.
 */
import { isKernelError } from '../errors.js';
import type { Guard } from '../model/ports.js';
import type { GuardDrops, GuardMode, NodeAddress } from '../model/types.js';
import { ipBytes } from './attributes.js';
import { GUARD_TABLE, type GuardChain, guardChains, NODES, type Underlay, VNIS } from './guard-rules.js';
import { comment, generation, identity, readDrops, wanted } from './guard-state.js';
import { OWN_NETNS } from './netns.js';
import { VXLAN_VNI } from './nft-expression.js';
import {
  attr,
  batch,
  type Change,
  element,
  Msg,
  NFPROTO,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  nested,
  text,
  u32,
} from './nft-message.js';
import { closeNetfilter, openNetfilter, transact } from './nft-socket.js';

/** Before everybody's own filters, whose `accept` does not overrule our drop; after everybody's DNAT. */
const PRIORITY = -10;
/** nft's own numbers for `ipv4_addr`, `ipv6_addr` and `integer`; the kernel only hands them back to `nft list`. */
const TYPE = { ip: 7, ip6: 8, integer: 4 } as const;
/** Elements per message, for a nested attribute ends at 64 KB. */
const CHUNK = 1000;

/** In the network namespace that the calling thread is in. */
export class VxlanGuard implements Guard {
  private readonly fd = openNetfilter(OWN_NETNS);
  private readonly family: number;
  private readonly chains: readonly GuardChain[];
  /** The table as it was made last. */
  private made = '';
  /** The tables' generation at which it was seen to be like that. */
  private seen = '';

  constructor(
    private readonly underlay: Underlay,
    mode: GuardMode,
    /** UDP. */
    port: number,
  ) {
    this.family = underlay === 4 ? NFPROTO.ipv4 : NFPROTO.ipv6;
    this.chains = mode === 'off' ? [] : guardChains(underlay, mode, port);
  }

  /** `nft -f`: replaces the whole table in one atomic step, its counts go on. Throws a KernelError. */
  ensure(nodes: readonly NodeAddress[], vnis: readonly number[]): void {
    const size = this.underlay === 4 ? 4 : 16;
    // Nodes of the other family cannot send to this underlay.
    const addresses = nodes.map((n) => ipBytes(n)).filter((b) => b.length === size);
    const ids = vnis.map(vniBytes);
    const bytes = this.batch(addresses, ids, readDrops(this.fd, this.family));
    this.made = '';
    this.seen = '';
    transact(this.fd, `nft add table ${GUARD_TABLE}`, bytes);
    this.made = wanted(this.chains, addresses, ids);
  }

  /** `nft list table`: false when somebody took away, added or changed anything of it. */
  stands(): boolean {
    const now = generation(this.fd, this.family);
    if (this.made === '') return false;
    // Whatever changes a table counts the generation on; comparing a thousand nodes is for then.
    if (now !== '' && now === this.seen) return true;
    const same = identity(this.fd, this.family) === this.made;
    this.seen = same ? now : '';
    return same;
  }

  /** Datagrams dropped by each chain; undefined when there is no guard. */
  drops(): GuardDrops | undefined {
    return readDrops(this.fd, this.family);
  }

  /** `nft delete table`; gone is success. */
  remove(): void {
    try {
      transact(this.fd, `nft delete table ${GUARD_TABLE}`, batch([deleteTable()], this.family));
    } catch (e) {
      if (!isKernelError(e, 'ENOENT')) throw e;
    }
  }

  close(): void {
    closeNetfilter(this.fd);
  }

  private batch(nodes: readonly Buffer[], vnis: readonly Buffer[], drops: GuardDrops | undefined): Buffer {
    return batch(
      [
        // Adding first makes the deletion succeed whether there was one or not.
        addTable(),
        deleteTable(),
        addTable(),
        addSet(NODES, 1, this.underlay === 4 ? TYPE.ip : TYPE.ip6, this.underlay === 4 ? 4 : 16),
        ...addElements(NODES, nodes),
        addSet(VNIS, 2, TYPE.integer, VXLAN_VNI.length),
        ...addElements(VNIS, vnis),
        ...this.chains.flatMap((chain) => addChain(chain, drops?.get(chain.name) ?? 0)),
      ],
      this.family,
    );
  }
}

const addTable = (): Change => add(Msg.newTable, [text(1, GUARD_TABLE)]);
const deleteTable = (): Change => ({ type: Msg.delTable, flags: NLM_F_ACK, attributes: [text(1, GUARD_TABLE)] });

const addSet = (name: string, id: number, type: number, length: number): Change =>
  add(Msg.newSet, [text(1, GUARD_TABLE), text(2, name), u32(3, 0), u32(4, type), u32(5, length), u32(10, id)]);

function addElements(set: string, values: readonly Buffer[]): readonly Change[] {
  const changes: Change[] = [];
  for (let i = 0; i < values.length; i += CHUNK) {
    const elements = values.slice(i, i + CHUNK).map((value) => element(nested(1, attr(1, value))));
    changes.push(add(Msg.newSetElem, [text(1, GUARD_TABLE), text(2, set), nested(3, ...elements)]));
  }
  return changes;
}

/** The first rule that drops goes on counting where the chain was. */
function addChain({ name, hook, rules }: GuardChain, dropped: number): readonly Change[] {
  const first = rules.findIndex((rule) => rule.drops);
  return [
    add(Msg.newChain, [
      text(1, GUARD_TABLE),
      text(3, name),
      nested(4, u32(1, hook), u32(2, PRIORITY)),
      text(7, 'filter'),
    ]),
    ...rules.map(({ name: rule, expressions }, i) => ({
      type: Msg.newRule,
      flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND,
      attributes: [
        text(1, GUARD_TABLE),
        text(2, name),
        nested(4, ...expressions(i === first ? dropped : 0)),
        comment(rule),
      ],
    })),
  ];
}

const vniBytes = (vni: number): Buffer => Buffer.from([vni >> 16, (vni >> 8) & 0xff, vni & 0xff]);

function add(type: number, attributes: readonly Buffer[]): Change {
  return { type, flags: NLM_F_ACK | NLM_F_CREATE, attributes };
}
