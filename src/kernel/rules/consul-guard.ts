/**
 * Keeps containers away from Consul: nft table `tsoverlay-consul` in the host's namespace, for each IP family, drops
 * what comes in by a bridge network for a server of the store, or for its port on this very host, where an agent of the
 * same cluster may listen. It looks before DNAT: a Consul that is a container itself, with a published port, is meant by
 * the host's address, not by its own. A host's own connections, the plugin's among them, come in by no bridge.
 */
import { isKernelError } from '../../errors.js';
import type { ConsulGuard, ServerAddress } from '../../model/ports/ports.js';
import { ipBytes } from '../netlink/attributes.js';
import { fieldIs, IP_DADDR, IP6_DADDR, TCP_DPORT } from '../nft/field.js';
import { attr, batch, dump, Msg, NFPROTO, text } from '../nft/message.js';
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

/** In the network namespace that the calling thread is in. */
export class NftConsulGuard implements ConsulGuard {
  private readonly fd = openOwnNetfilter();
  /** Rules that each family's chain was given. */
  private readonly rules = new Map<Family, number>();

  /** `nft -f`: replaces both tables, each in one atomic step. */
  ensure(interfaces: readonly string[], servers: readonly ServerAddress[]): void {
    for (const family of FAMILIES) {
      const rules = rulesFor(family, servers);
      try {
        transact(this.fd, `nft add table ${TABLE}`, guardBatch(family, interfaces, rules));
        this.rules.set(family, rules.length);
      } catch (e) {
        // A kernel without IPv6 carries none to Consul.
        if (family === NFPROTO.ipv4 || !isKernelError(e, 'EAFNOSUPPORT', 'EOPNOTSUPP')) throw e;
      }
    }
  }

  /** `nft list chain`, for both. */
  stands(): boolean {
    if (this.rules.size === 0) return false;
    return [...this.rules].every(([family, wanted]) => {
      const found = ask(
        this.fd,
        `nft list chain ${TABLE} ${CHAIN}`,
        dump(Msg.getRule, [table.name, text(2, CHAIN)], family),
        Msg.newRule,
      );
      return found.length === wanted;
    });
  }

  /** `nft delete table`, for both. */
  remove(): void {
    this.rules.clear();
    for (const family of FAMILIES)
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
