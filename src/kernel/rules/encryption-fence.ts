/**
 * Keeps what is meant for encrypted networks from leaving in clear: nft table `tsoverlay-encryption` in the host's
 * namespace, for each IP family, drops what the host would forward to their subnets. Their own frames never come by there;
 * but a container whose card was taken away sends by its default route, docker_gwbridge or another bridge.
 */
import { isKernelError } from '../../errors.js';
import type { EncryptionFencePlan } from '../../model/host/encryption-fence.js';
import type { Standing } from '../../model/host/standing.js';
import { familyOf, spanOf } from '../../model/values/address.js';
import type { Cidr } from '../../model/values/types.js';
import { ipBytes } from '../netlink/attributes.js';
import { fieldBetween, IP_DADDR, IP6_DADDR } from '../nft/field.js';
import { batch, dump, Msg, NFPROTO, question, text } from '../nft/message.js';
import { ask, closeNetfilter, openOwnNetfilter, transact } from '../nft/socket.js';
import { HOOK, Table } from '../nft/table.js';
import { drop } from '../nft/verdict.js';

const TABLE = 'tsoverlay-encryption';
const table = new Table(TABLE);
const CHAIN = 'forward';
/** Before everybody's filters, the engine's among them. */
const PRIORITY = -10;
/** What a kernel without a family says. */
const NO_FAMILY = ['EAFNOSUPPORT', 'EOPNOTSUPP'];
const FAMILIES = { 4: NFPROTO.ipv4, 6: NFPROTO.ipv6 } as const;

/** In the network namespace that the calling thread is in. */
export class EncryptionFence {
  private readonly fd = openOwnNetfilter();
  /** What this process has made last, and how many rules each family's chain was given. */
  private made: { readonly wish: EncryptionFencePlan; readonly rules: ReadonlyMap<number, number> } | undefined;

  /** `nft list chain`, for both families. */
  observe(): Standing<EncryptionFencePlan> {
    if (this.made !== undefined && [...this.made.rules].every(([family, count]) => this.count(family) === count))
      return this.made.wish;
    return Object.values(FAMILIES).some((family) => this.isThere(family)) ? 'other' : undefined;
  }

  /** `nft -f`: replaces both tables, each in one atomic step. Throws a KernelError. */
  replace(wish: EncryptionFencePlan): void {
    this.made = undefined;
    const made = new Map<number, number>();
    for (const family of [4, 6] as const) {
      const own = wish.subnets.filter((cidr) => familyOf(cidr) === family);
      try {
        transact(this.fd, `nft add table ${TABLE}`, fenceBatch(family, own));
        made.set(FAMILIES[family], own.length);
      } catch (e) {
        // A kernel without IPv6 forwards none.
        if (family === 4 || !isKernelError(e, ...NO_FAMILY)) throw e;
      }
    }
    this.made = { wish, rules: made };
  }

  /** `nft delete table`, for both; gone is success. */
  remove(): void {
    this.made = undefined;
    for (const family of Object.values(FAMILIES))
      try {
        transact(this.fd, `nft delete table ${TABLE}`, batch([table.delete()], family));
      } catch (e) {
        if (!isKernelError(e, 'ENOENT', ...NO_FAMILY)) throw e;
      }
  }

  close(): void {
    closeNetfilter(this.fd);
  }

  private count(family: number): number {
    const bytes = dump(Msg.getRule, [table.name, text(2, CHAIN)], family);
    return ask(this.fd, `nft list chain ${TABLE} ${CHAIN}`, bytes, Msg.newRule).length;
  }

  private isThere(family: number): boolean {
    try {
      const bytes = question(Msg.getTable, [table.name], family);
      return ask(this.fd, `nft list table ${TABLE}`, bytes, Msg.newTable).length > 0;
    } catch (e) {
      if (isKernelError(e, ...NO_FAMILY)) return false;
      throw e;
    }
  }
}

function fenceBatch(family: 4 | 6, subnets: readonly Cidr[]): Buffer {
  const rules = subnets.map((cidr) => {
    const [first, last] = spanOf(cidr);
    return [...fieldBetween(family === 4 ? IP_DADDR : IP6_DADDR, ipBytes(first), ipBytes(last)), ...drop()];
  });
  return batch(
    [
      ...table.afresh(),
      table.chain(CHAIN, { number: HOOK.forward, priority: PRIORITY }),
      ...rules.map((expressions, i) => table.rule(CHAIN, expressions, subnets[i])),
    ],
    FAMILIES[family],
  );
}
