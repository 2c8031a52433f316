/**
 * Who may send frames into our networks: nft table `tsoverlay-guard` in the host's namespace. VXLAN of our ids is dropped
 * that comes from an address of no node (`input`), by another way than the one back (`prerouting`), through this host
 * but from no node (`forward`: a container, before the engine makes it look like the host), or from a process of this
 * host (`output`). Other ids on the same port (a swarm's) are none of our business.
 */
import { isKernelError } from '../../errors.js';
import type { Difference } from '../../model/host/host-steps.js';
import type { Standing } from '../../model/host/standing.js';
import type { GuardDrops, ObservedVxlanGuard } from '../../model/host/vxlan-guard.js';
import type { GuardMode } from '../../model/values/settings.js';
import { Access } from '../netfilter/access.js';
import { generationOf } from '../netfilter/generation.js';
import { kernelIs } from '../netlink/release.js';
import { VXLAN_VNI } from '../nft/field.js';
import { batch, type Change, NFPROTO } from '../nft/message.js';
import { HOOK, KEY, Table } from '../nft/table.js';
import {
  GUARD_TABLE,
  type GuardChain,
  guardChains,
  NODES,
  nodeBytes,
  type Underlay,
  VNIS,
  vniBytes,
} from './guard-rules.js';
import { isThere, type Members, readDrops, readMembers } from './guard-state.js';

/** Before everybody's own filters, whose `accept` does not overrule our drop; after everybody's DNAT. */
const PRIORITY = -10;
/** `meta iifkind` */
const TELLS_KINDS = [5, 6] as const;
const table = new Table(GUARD_TABLE);
const ADDRESSES = { 4: { type: KEY.ip, length: 4 }, 6: { type: KEY.ip6, length: 16 } } as const;

/** In the network namespace that the calling thread is in. One change at a time; what it drops may be asked meanwhile. */
export class VxlanGuard {
  private readonly access = new Access();
  private readonly family: number;
  private readonly chains: readonly GuardChain[];
  /** What stood at which generation of the ruleset; undefined until this process has made the table. */
  private seen: { readonly members: Members; readonly generation: number } | undefined;
  private last: Promise<void> = Promise.resolve();
  /** Changes that are under way. */
  private pending = 0;
  /** As it was when none was. */
  private counted: GuardDrops | undefined;

  constructor(
    private readonly underlay: Underlay,
    mode: GuardMode,
    /** UDP. */
    port: number,
  ) {
    this.family = underlay === 4 ? NFPROTO.ipv4 : NFPROTO.ipv6;
    this.chains = mode === 'off' ? [] : guardChains(underlay, mode, port, kernelIs(TELLS_KINDS));
  }

  /** `nft list table`: read only when the generation tells that somebody has changed any rule of this host. */
  observe(): Standing<ObservedVxlanGuard> {
    const members = this.look();
    if (members === undefined) return isThere(this.access.fd, this.family) ? 'other' : undefined;
    return { ...members, strayed: this.drops()?.get('prerouting') ?? 0 };
  }

  /** `nft -f`: all of it in one atomic step, and the counts go on. A pool thread waits. Rejects with a KernelError. */
  replace(nodes: readonly string[], vnis: readonly number[]): Promise<void> {
    const members = { nodes: new Set(nodes), vnis: new Set(vnis) };
    const drops = this.drops();
    return this.change(`nft add table ${GUARD_TABLE}`, members, [
      ...table.afresh(),
      table.set({ name: NODES, id: 1, ...ADDRESSES[this.underlay] }),
      ...table.addElements(NODES, [...members.nodes].map(nodeBytes)),
      table.set({ name: VNIS, id: 2, type: KEY.integer, length: VXLAN_VNI.length }),
      ...table.addElements(VNIS, [...members.vnis].map(vniBytes)),
      ...this.chains.flatMap((chain) => addChain(chain, drops?.get(chain.name) ?? 0)),
    ]);
  }

  /** `nft add element`, `nft delete element`: one atomic step too. Rejects with a KernelError. */
  adjust(nodes: Difference<string>, vnis: Difference<number>): Promise<void> {
    const { members } = this.seen ?? { members: { nodes: new Set<string>(), vnis: new Set<number>() } };
    const after = { nodes: applied(members.nodes, nodes), vnis: applied(members.vnis, vnis) };
    return this.change(`nft add element ${GUARD_TABLE}`, after, [
      ...table.deleteElements(NODES, nodes.gone.map(nodeBytes)),
      ...table.addElements(NODES, nodes.come.map(nodeBytes)),
      ...table.deleteElements(VNIS, vnis.gone.map(vniBytes)),
      ...table.addElements(VNIS, vnis.come.map(vniBytes)),
    ]);
  }

  /** What stands in its sets now, whoever made it; undefined where it is not as this mode has it. */
  members(): Members | undefined {
    return readMembers(this.access.fd, this.family, this.chains);
  }

  /**
   * Datagrams dropped by each chain; undefined when there is no guard. While the kernel replaces the rules it tells of some of
   * them, or of none: until it is done they are as they were before.
   */
  drops(): GuardDrops | undefined {
    if (this.pending === 0) this.counted = readDrops(this.access.fd, this.family);
    return this.counted;
  }

  /** `nft delete table`: lets everybody in; gone is success. Rejects with a KernelError. */
  async remove(): Promise<void> {
    this.seen = undefined;
    try {
      await this.access.changes.make(`nft delete table ${GUARD_TABLE}`, batch([table.delete()], this.family));
    } catch (e) {
      if (!isKernelError(e, 'ENOENT')) throw e;
    }
  }

  close(): void {
    // What has been changed is looked at once more.
    this.access.close(this.last);
  }

  /** Of the table as this process makes it. */
  private look(): Members | undefined {
    if (this.seen === undefined) return undefined;
    const generation = generationOf(this.access.fd);
    if (generation !== 0 && generation === this.seen.generation) return this.seen.members;
    const members = readMembers(this.access.fd, this.family, this.chains);
    this.seen = members && { members, generation };
    return members;
  }

  private change(verb: string, members: Members, changes: readonly Change[]): Promise<void> {
    const before = this.seen?.generation ?? 0;
    this.drops();
    this.pending++;
    const made = this.access.changes.make(verb, batch(changes, this.family)).finally(() => {
      this.pending--;
    });
    const done = made.then(() => {
      // Counted on once, by us: nobody else has changed anything meanwhile, and all need not be read again.
      const now = generationOf(this.access.fd);
      this.seen = { members, generation: before !== 0 && now === before + 1 ? now : 0 };
    });
    this.last = done.catch(() => {});
    return done;
  }
}

function applied<T>(before: ReadonlySet<T>, { come, gone }: Difference<T>): ReadonlySet<T> {
  const after = new Set(before);
  for (const value of gone) after.delete(value);
  for (const value of come) after.add(value);
  return after;
}

/** The first rule that drops goes on counting where the chain was. */
function addChain({ name, rules }: GuardChain, dropped: number): readonly Change[] {
  const first = rules.findIndex((rule) => rule.drops);
  return [
    table.chain(name, { number: HOOK[name], priority: PRIORITY }),
    ...rules.map((rule, i) => table.rule(name, rule.expressions(i === first ? dropped : 0), rule.name)),
  ];
}
