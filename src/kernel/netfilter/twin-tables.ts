/**
 * A table of one name for each IP family, in the host's namespace, whose one chain drops what its rules find. What this
 * process has made is known by the number of its rules and of its sets' elements, which are counted when the ruleset's
 * generation says that somebody has changed something.
 */
import { isKernelError } from '../../errors.js';
import type { Standing } from '../../model/host/standing.js';
import { attributeOf, attributesIn, batch, type Change, dump, Msg, NFPROTO, question, text } from '../nft/message.js';
import type { Hook, Table } from '../nft/table.js';
import { NFTA_RULE, NFTA_SET_ELEM_LIST } from '../nft/uapi.js';
import { Access } from './access.js';
import { generationOf } from './generation.js';
import { ask } from './socket.js';

const FAMILIES = [NFPROTO.ipv4, NFPROTO.ipv6] as const;
export type Family = (typeof FAMILIES)[number];
/** What a kernel without a family says. */
const NO_FAMILY = ['EAFNOSUPPORT', 'EOPNOTSUPP'];

export interface TwinSet {
  readonly name: string;
  /** With its elements. */
  readonly changes: readonly Change[];
  /** How many elements the kernel tells of. */
  readonly size: number;
}

/** What is made in one family's table. */
interface Made {
  readonly rules: number;
  readonly sets: readonly TwinSet[];
}

/** What the tables are to be like. */
export interface Twins<W> {
  readonly table: Table;
  /** The table's name, for errors. */
  readonly name: string;
  readonly chain: string;
  readonly hook: Hook;
  /** What the rules refer to. */
  readonly sets: (family: Family, wish: W) => readonly TwinSet[];
  /** The expressions of each rule. */
  readonly rules: (family: Family, wish: W) => readonly (readonly Buffer[])[];
}

/** In the network namespace that the calling thread is in. */
export class TwinTables<W> {
  private readonly access = new Access();
  /** What this process has made last; `generation`: of the ruleset that it was last seen to be in, 0 for none. */
  private made: { readonly wish: W; readonly tables: ReadonlyMap<Family, Made>; generation: number } | undefined;

  constructor(private readonly twins: Twins<W>) {}

  /** `nft list table`, for both families. */
  observe(): Standing<W> {
    const { made } = this;
    const generation = generationOf(this.access.fd);
    if (made !== undefined && generation !== 0 && made.generation === generation) return made.wish;
    if (made !== undefined && [...made.tables].every(([family, table]) => this.isAsMade(family, table))) {
      made.generation = generation;
      return made.wish;
    }
    return FAMILIES.some((family) => this.isThere(family)) ? 'other' : undefined;
  }

  /** `nft -f`: replaces both tables, each in one atomic step. Rejects with a KernelError. */
  async replace(wish: W): Promise<void> {
    const { table, chain, hook, sets: setsOf, rules: rulesOf } = this.twins;
    this.made = undefined;
    const tables = new Map<Family, Made>();
    for (const family of FAMILIES) {
      const rules = rulesOf(family, wish);
      const sets = setsOf(family, wish);
      const changes = [
        ...table.afresh(),
        ...sets.flatMap(({ changes }) => changes),
        table.chain(chain, hook),
        ...rules.map((r) => table.rule(chain, r)),
      ];
      try {
        await this.access.changes.make(`nft add table ${this.twins.name}`, batch(changes, family));
        tables.set(family, { rules: rules.length, sets });
      } catch (e) {
        // A kernel without IPv6 has none of its packets.
        if (family === NFPROTO.ipv4 || !isKernelError(e, ...NO_FAMILY)) throw e;
      }
    }
    this.made = { wish, tables, generation: 0 };
  }

  /** `nft delete table`, for both; gone is success. Rejects with a KernelError. */
  async remove(): Promise<void> {
    this.made = undefined;
    for (const family of FAMILIES)
      try {
        await this.access.changes.make(
          `nft delete table ${this.twins.name}`,
          batch([this.twins.table.delete()], family),
        );
      } catch (e) {
        if (!isKernelError(e, 'ENOENT', ...NO_FAMILY)) throw e;
      }
  }

  close(): void {
    this.access.close();
  }

  private isAsMade(family: Family, { rules, sets }: Made): boolean {
    const { table, name, chain } = this.twins;
    const bytes = dump(Msg.getRule, [table.name, text(NFTA_RULE.CHAIN, chain)], family);
    const count = ask(this.access.fd, `nft list chain ${name} ${chain}`, bytes, Msg.newRule).length;
    return count === rules && sets.every((set) => this.elementsIn(family, set.name) === set.size);
  }

  private elementsIn(family: Family, set: string): number {
    const bytes = dump(Msg.getSetElem, [this.twins.table.name, text(NFTA_SET_ELEM_LIST.SET, set)], family);
    return ask(this.access.fd, `nft list set ${this.twins.name} ${set}`, bytes, Msg.newSetElem)
      .map((answer) => [...attributesIn(attributeOf(answer, NFTA_SET_ELEM_LIST.ELEMENTS))].length)
      .reduce((sum, count) => sum + count, 0);
  }

  private isThere(family: Family): boolean {
    try {
      const bytes = question(Msg.getTable, [this.twins.table.name], family);
      return ask(this.access.fd, `nft list table ${this.twins.name}`, bytes, Msg.newTable).length > 0;
    } catch (e) {
      if (isKernelError(e, ...NO_FAMILY)) return false;
      throw e;
    }
  }
}
