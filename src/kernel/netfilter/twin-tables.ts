/**
 * A table of one name for each IP family, in the host's namespace, whose one chain drops what its rules find. What this
 * process has made is known by the number of its rules, which a look costs two questions.
 */
import { isKernelError } from '../../errors.js';
import type { Standing } from '../../model/host/standing.js';
import { batch, type Change, dump, Msg, NFPROTO, question, text } from '../nft/message.js';
import type { Hook, Table } from '../nft/table.js';
import { Changes } from './changes.js';
import { ask, closeNetfilter, openOwnNetfilter } from './socket.js';

const FAMILIES = [NFPROTO.ipv4, NFPROTO.ipv6] as const;
export type Family = (typeof FAMILIES)[number];
/** What a kernel without a family says. */
const NO_FAMILY = ['EAFNOSUPPORT', 'EOPNOTSUPP'];

/** What the tables are to be like. */
export interface Twins<W> {
  readonly table: Table;
  /** The table's name, for errors. */
  readonly name: string;
  readonly chain: string;
  readonly hook: Hook;
  /** What the rules refer to. */
  readonly sets: (wish: W) => readonly Change[];
  /** The expressions of each rule. */
  readonly rules: (family: Family, wish: W) => readonly (readonly Buffer[])[];
}

/** In the network namespace that the calling thread is in. */
export class TwinTables<W> {
  private readonly fd = openOwnNetfilter();
  private readonly changes = new Changes();
  /** What this process has made last, and how many rules each family's chain was given. */
  private made: { readonly wish: W; readonly rules: ReadonlyMap<Family, number> } | undefined;

  constructor(private readonly twins: Twins<W>) {}

  /** `nft list chain`, for both families. */
  observe(): Standing<W> {
    if (this.made !== undefined && [...this.made.rules].every(([family, count]) => this.count(family) === count))
      return this.made.wish;
    return FAMILIES.some((family) => this.isThere(family)) ? 'other' : undefined;
  }

  /** `nft -f`: replaces both tables, each in one atomic step. Rejects with a KernelError. */
  async replace(wish: W): Promise<void> {
    const { table, chain, hook, sets, rules: rulesOf } = this.twins;
    this.made = undefined;
    const made = new Map<Family, number>();
    for (const family of FAMILIES) {
      const rules = rulesOf(family, wish);
      const changes = [
        ...table.afresh(),
        ...sets(wish),
        table.chain(chain, hook),
        ...rules.map((r) => table.rule(chain, r)),
      ];
      try {
        await this.changes.make(`nft add table ${this.twins.name}`, batch(changes, family));
        made.set(family, rules.length);
      } catch (e) {
        // A kernel without IPv6 has none of its packets.
        if (family === NFPROTO.ipv4 || !isKernelError(e, ...NO_FAMILY)) throw e;
      }
    }
    this.made = { wish, rules: made };
  }

  /** `nft delete table`, for both; gone is success. Rejects with a KernelError. */
  async remove(): Promise<void> {
    this.made = undefined;
    for (const family of FAMILIES)
      try {
        await this.changes.make(`nft delete table ${this.twins.name}`, batch([this.twins.table.delete()], family));
      } catch (e) {
        if (!isKernelError(e, 'ENOENT', ...NO_FAMILY)) throw e;
      }
  }

  close(): void {
    closeNetfilter(this.fd);
    this.changes.close();
  }

  private count(family: Family): number {
    const { table, chain } = this.twins;
    const bytes = dump(Msg.getRule, [table.name, text(2, chain)], family);
    return ask(this.fd, `nft list chain ${this.twins.name} ${chain}`, bytes, Msg.newRule).length;
  }

  private isThere(family: Family): boolean {
    try {
      const bytes = question(Msg.getTable, [this.twins.table.name], family);
      return ask(this.fd, `nft list table ${this.twins.name}`, bytes, Msg.newTable).length > 0;
    } catch (e) {
      if (isKernelError(e, ...NO_FAMILY)) return false;
      throw e;
    }
  }
}
