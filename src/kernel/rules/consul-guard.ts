/**
 * Keeps containers away from Consul: nft table `tsoverlay-consul` in the host's namespace, for each IP family, drops
 * what comes in by a bridge network for a server of the store, or for its port on this very host, where an agent of the
 * same cluster may listen. It looks before DNAT: a Consul that is a container itself, with a published port, is meant by
 * the host's address, not by its own. A host's own connections, the plugin's among them, come in by no bridge.
 */
import { isKernelError } from '../../errors.js';
import type { ConsulGuardPlan } from '../../model/host/consul-guard.js';
import type { ServerAddress } from '../../model/host/host-steps.js';
import type { Standing } from '../../model/host/standing.js';
import { ipBytes } from '../netlink/attributes.js';
import { fieldIs, IP_DADDR, IP6_DADDR, TCP_DPORT } from '../nft/field.js';
import { attr, batch, dump, Msg, NFPROTO, question, text } from '../nft/message.js';
import { forThisHost, interfaceIn, protocolIs } from '../nft/packet.js';
import { ask, closeNetfilter, openOwnNetfilter, transact } from '../nft/socket.js';
import { HOOK, KEY, Table } from '../nft/table.js';
import { drop } from '../nft/verdict.js';

const TABLE = 'tsoverlay-consul';
const table = new Table(TABLE);
const CHAIN = 'containers';
const BRIDGES = 'bridges';
const TCP = 6;
/** Before DNAT (-100). */
const PRIORITY = -150;
const IFNAMSIZ = 16;
/** Names are read from their first byte on: for `nft list` alone, which would turn them round. */
const NAMES_IN_ORDER = attr(13, Buffer.from([0, 4, 1, 0, 0, 0]));
const FAMILIES = [NFPROTO.ipv4, NFPROTO.ipv6] as const;
type Family = (typeof FAMILIES)[number];
/** What a kernel without a family says. */
const NO_FAMILY = ['EAFNOSUPPORT', 'EOPNOTSUPP'];

/** In the network namespace that the calling thread is in. */
export class NftConsulGuard {
  private readonly fd = openOwnNetfilter();
  /** What this process has made last, and how many rules each family's chain was given. */
  private made: { readonly wish: ConsulGuardPlan; readonly rules: ReadonlyMap<Family, number> } | undefined;

  /** `nft list chain`, for both families. */
  observe(): Standing<ConsulGuardPlan> {
    if (this.made !== undefined && [...this.made.rules].every(([family, count]) => this.count(family) === count))
      return this.made.wish;
    return FAMILIES.some((family) => this.isThere(family)) ? 'other' : undefined;
  }

  /** `nft -f`: replaces both tables, each in one atomic step. Throws a KernelError. */
  replace(wish: ConsulGuardPlan): void {
    this.made = undefined;
    const made = new Map<Family, number>();
    for (const family of FAMILIES) {
      const rules = rulesFor(family, wish.servers);
      try {
        transact(this.fd, `nft add table ${TABLE}`, guardBatch(family, wish.interfaces, rules));
        made.set(family, rules.length);
      } catch (e) {
        // A kernel without IPv6 carries none to Consul.
        if (family === NFPROTO.ipv4 || !isKernelError(e, ...NO_FAMILY)) throw e;
      }
    }
    this.made = { wish, rules: made };
  }

  /** `nft delete table`, for both; gone is success. */
  remove(): void {
    this.made = undefined;
    for (const family of FAMILIES)
      try {
        transact(this.fd, `nft delete table ${TABLE}`, batch([table.delete()], family));
      } catch (e) {
        if (!isKernelError(e, 'ENOENT', ...NO_FAMILY)) throw e;
      }
  }

  close(): void {
    closeNetfilter(this.fd);
  }

  private count(family: Family): number {
    const bytes = dump(Msg.getRule, [table.name, text(2, CHAIN)], family);
    return ask(this.fd, `nft list chain ${TABLE} ${CHAIN}`, bytes, Msg.newRule).length;
  }

  private isThere(family: Family): boolean {
    try {
      const bytes = question(Msg.getTable, [table.name], family);
      return ask(this.fd, `nft list table ${TABLE}`, bytes, Msg.newTable).length > 0;
    } catch (e) {
      if (isKernelError(e, ...NO_FAMILY)) return false;
      throw e;
    }
  }
}

/** One rule's expressions for each server of the family, and for each port on this host. */
function rulesFor(family: Family, servers: readonly ServerAddress[]): readonly (readonly Buffer[])[] {
  const [field, size] = family === NFPROTO.ipv4 ? [IP_DADDR, 4] : [IP6_DADDR, 16];
  const rule = (port: number, destination: readonly Buffer[]) => [
    ...interfaceIn(BRIDGES),
    ...protocolIs(TCP),
    ...fieldIs(TCP_DPORT, Buffer.from([port >> 8, port & 0xff])),
    ...destination,
    ...drop(),
  ];
  const named = servers.map(({ address, port }) => ({ bytes: ipBytes(address), port }));
  return [
    ...named.filter(({ bytes }) => bytes.length === size).map(({ bytes, port }) => rule(port, fieldIs(field, bytes))),
    ...[...new Set(servers.map(({ port }) => port))].map((port) => rule(port, forThisHost())),
  ];
}

const guardBatch = (family: Family, interfaces: readonly string[], rules: readonly (readonly Buffer[])[]): Buffer =>
  batch(
    [
      ...table.afresh(),
      table.set({ name: BRIDGES, id: 1, type: KEY.ifname, length: IFNAMSIZ, userdata: NAMES_IN_ORDER }),
      ...table.addElements(BRIDGES, interfaces.map(padded)),
      table.chain(CHAIN, { number: HOOK.prerouting, priority: PRIORITY }),
      ...rules.map((expressions) => table.rule(CHAIN, expressions)),
    ],
    family,
  );

function padded(name: string): Buffer {
  const bytes = Buffer.alloc(IFNAMSIZ);
  bytes.write(name, 0, IFNAMSIZ - 1);
  return bytes;
}
