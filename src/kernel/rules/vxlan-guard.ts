/**
 * Who may send frames into our networks: nft table `tsoverlay-guard` in the host's namespace. VXLAN of our ids is dropped
 * that comes from an address of no node (`input`), by another way than the one back (`prerouting`), through this host
 * but from no node (`forward`: a container, before the engine makes it look like the host), or from a process of this
 * host (`output`). Other ids on the same port (a swarm's) are none of our business.
 */
import { isKernelError } from '../../errors.js';
import type { Guard } from '../../model/ports/ports.js';
import type { GuardDrops, GuardMode, NodeAddress } from '../../model/values/types.js';
import { ipBytes } from '../netlink/attributes.js';
import { VXLAN_VNI } from '../nft/field.js';
import { batch, type Change, NFPROTO } from '../nft/message.js';
import { closeNetfilter, openOwnNetfilter, transact, transactAside } from '../nft/socket.js';
import { HOOK, KEY, Table } from '../nft/table.js';
import { GUARD_TABLE, type GuardChain, guardChains, NODES, type Underlay, VNIS } from './guard-rules.js';
import { generation, identity, readDrops, wanted } from './guard-state.js';

/** Before everybody's own filters, whose `accept` does not overrule our drop; after everybody's DNAT. */
const PRIORITY = -10;
const table = new Table(GUARD_TABLE);
const ADDRESSES = { type: KEY.ip, length: 4 };
const ADDRESSES6 = { type: KEY.ip6, length: 16 };

/** In the network namespace that the calling thread is in. */
export class VxlanGuard implements Guard {
  private readonly fd = openOwnNetfilter();
  private readonly family: number;
  private readonly chains: readonly GuardChain[];
  /** The table as it was made last. */
  private made: Made | undefined;
  private last: Promise<void> = Promise.resolve();
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

  /**
   * `nft -f`: puts into the sets what is new and takes out what is gone; where the table does not stand, replaces all of
   * it. One atomic step either way, and the counts go on. A pool thread waits for the kernel. Rejects with a KernelError.
   */
  ensure(nodes: readonly NodeAddress[], vnis: readonly number[]): Promise<void> {
    const done = this.change(nodes, vnis);
    this.last = done.catch(() => {});
    return done;
  }

  private async change(nodes: readonly NodeAddress[], vnis: readonly number[]): Promise<void> {
    const size = this.underlay === 4 ? 4 : 16;
    // Nodes of the other family cannot send to this underlay.
    const addresses = nodes.map((n) => ipBytes(n)).filter((b) => b.length === size);
    const wish: Made = { nodes: members(addresses), vnis: members(vnis.map(vniBytes)) };
    const before = this.stands() ? this.made : undefined;
    const changes = before && [
      ...setChanges(NODES, before.nodes, wish.nodes),
      ...setChanges(VNIS, before.vnis, wish.vnis),
    ];
    if (changes?.length === 0) return;
    const was = this.seen;
    this.made = undefined;
    this.seen = '';
    if (changes === undefined) await this.replace(wish);
    else await transactAside(this.fd, `nft add element ${GUARD_TABLE}`, batch(changes, this.family));
    this.made = wish;
    // Counted on once, by us: nobody else has changed anything meanwhile, and all need not be read again.
    const now = generation(this.fd, this.family);
    if (changes !== undefined && isNext(was, now)) this.seen = now;
  }

  /** `nft list table`: false when somebody took away, added or changed anything of it. */
  stands(): boolean {
    const now = generation(this.fd, this.family);
    if (this.made === undefined) return false;
    // Whatever changes a table counts the generation on; comparing a thousand nodes is for then.
    if (now !== '' && now === this.seen) return true;
    const { nodes, vnis } = this.made;
    const same = identity(this.fd, this.family) === wanted(this.chains, [...nodes.values()], [...vnis.values()]);
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
      transact(this.fd, `nft delete table ${GUARD_TABLE}`, batch([table.delete()], this.family));
    } catch (e) {
      if (!isKernelError(e, 'ENOENT')) throw e;
    }
  }

  close(): void {
    // Not under a pool thread: the number would be somebody else's the next moment.
    void this.last.then(() => closeNetfilter(this.fd));
  }

  private replace({ nodes, vnis }: Made): Promise<void> {
    const drops = readDrops(this.fd, this.family);
    const bytes = batch(
      [
        ...table.afresh(),
        table.set({ name: NODES, id: 1, ...(this.underlay === 4 ? ADDRESSES : ADDRESSES6) }),
        ...table.addElements(NODES, [...nodes.values()]),
        table.set({ name: VNIS, id: 2, type: KEY.integer, length: VXLAN_VNI.length }),
        ...table.addElements(VNIS, [...vnis.values()]),
        ...this.chains.flatMap((chain) => addChain(chain, drops?.get(chain.name) ?? 0)),
      ],
      this.family,
    );
    return transactAside(this.fd, `nft add table ${GUARD_TABLE}`, bytes);
  }
}

/** Members of a set, by their bytes in hex. */
type Members = ReadonlyMap<string, Buffer>;

interface Made {
  readonly nodes: Members;
  readonly vnis: Members;
}

const members = (values: readonly Buffer[]): Members => new Map(values.map((v) => [v.toString('hex'), v]));

const setChanges = (set: string, before: Members, after: Members): readonly Change[] => [
  ...table.deleteElements(set, onlyIn(before, after)),
  ...table.addElements(set, onlyIn(after, before)),
];

const onlyIn = (some: Members, others: Members): readonly Buffer[] =>
  [...some].flatMap(([key, value]) => (others.has(key) ? [] : [value]));

/** Whether one generation of the ruleset, in hex, comes right after the other. */
const isNext = (before: string, now: string): boolean =>
  before !== '' && now !== '' && Number.parseInt(now, 16) === Number.parseInt(before, 16) + 1;

/** The first rule that drops goes on counting where the chain was. */
function addChain({ name, rules }: GuardChain, dropped: number): readonly Change[] {
  const first = rules.findIndex((rule) => rule.drops);
  return [
    table.chain(name, { number: HOOK[name], priority: PRIORITY }),
    ...rules.map((rule, i) => table.rule(name, rule.expressions(i === first ? dropped : 0), rule.name)),
  ];
}

const vniBytes = (vni: number): Buffer => Buffer.from([vni >> 16, (vni >> 8) & 0xff, vni & 0xff]);
