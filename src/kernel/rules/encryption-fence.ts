/**
 * Keeps what is meant for encrypted networks from leaving in clear: nft table `tsoverlay-encryption` in the host's
 * namespace, for each IP family, drops what the host would forward to their subnets. Their own frames never come by there;
 * but a container whose card was taken away sends by its default route, docker_gwbridge or another bridge.
 */
import { isKernelError } from '../../errors.js';
import type { Fence } from '../../model/ports/crypt-port.js';
import { familyOf, spanOf } from '../../model/values/address.js';
import type { Cidr } from '../../model/values/types.js';
import { ipBytes } from '../netlink/attributes.js';
import { fieldBetween, IP_DADDR, IP6_DADDR } from '../nft/field.js';
import { batch, dump, Msg, NFPROTO, text } from '../nft/message.js';
import { ask, closeNetfilter, openOwnNetfilter, transact } from '../nft/socket.js';
import { HOOK, Table } from '../nft/table.js';
import { drop } from '../nft/verdict.js';

const TABLE = 'tsoverlay-encryption';
const table = new Table(TABLE);
const CHAIN = 'forward';
/** Before everybody's filters, the engine's among them. */
const PRIORITY = -10;
const FAMILIES = { 4: NFPROTO.ipv4, 6: NFPROTO.ipv6 } as const;

/** In the network namespace that the calling thread is in. */
export class EncryptionFence implements Fence {
  private readonly fd = openOwnNetfilter();
  /** Rules that each family's chain was given. */
  private readonly rules = new Map<number, number>();

  /** `nft -f`: replaces both tables, each in one atomic step. */
  ensure(subnets: readonly Cidr[]): void {
    for (const family of [4, 6] as const) {
      const own = subnets.filter((cidr) => familyOf(cidr) === family);
      try {
        transact(this.fd, `nft add table ${TABLE}`, fenceBatch(family, own));
        this.rules.set(FAMILIES[family], own.length);
      } catch (e) {
        // A kernel without IPv6 forwards none.
        if (family === 4 || !isKernelError(e, 'EAFNOSUPPORT', 'EOPNOTSUPP')) throw e;
      }
    }
  }

  /** `nft list chain`, for both. */
  stands(): boolean {
    if (this.rules.size === 0) return false;
    const chain = [table.name, text(2, CHAIN)];
    return [...this.rules].every(
      ([family, wanted]) =>
        ask(this.fd, `nft list chain ${TABLE} ${CHAIN}`, dump(Msg.getRule, chain, family), Msg.newRule).length ===
        wanted,
    );
  }

  /** `nft delete table`, for both. */
  remove(): void {
    this.rules.clear();
    for (const family of Object.values(FAMILIES))
      try {
        transact(this.fd, `nft delete table ${TABLE}`, batch([table.delete()], family));
      } catch (e) {
        if (!isKernelError(e, 'ENOENT', 'EAFNOSUPPORT', 'EOPNOTSUPP')) throw e;
      }
  }

  close(): void {
    closeNetfilter(this.fd);
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
