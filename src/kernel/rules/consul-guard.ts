/**
 * Keeps containers away from Consul: nft table `tsoverlay-consul` in the host's namespace, for each IP family, drops
 * what comes in by a bridge network for a server of the store, or for its port on this very host, where an agent of the
 * same cluster may listen. It looks before DNAT: a Consul that is a container itself, with a published port, is meant by
 * the host's address, not by its own. A host's own connections, the plugin's among them, come in by no bridge.
 */
import type { ConsulGuardPlan } from '../../model/host/consul-guard.js';
import { type Family, type TwinSet, TwinTables } from '../netfilter/twin-tables.js';
import { ipBytes } from '../netlink/attributes.js';
import { fieldIs, IP_DADDR, IP6_DADDR, TCP_DPORT } from '../nft/field.js';
import { attr, NFPROTO } from '../nft/message.js';
import { forThisHost, IFNAMSIZ, interfaceIn, nameOf, protocolIs } from '../nft/packet.js';
import { HOOK, KEY, Table } from '../nft/table.js';
import { NFTA_SET } from '../nft/uapi.js';
import { drop } from '../nft/verdict.js';

const TABLE = 'tsoverlay-consul';
const table = new Table(TABLE);
const BRIDGES = 'bridges';
const TCP = 6;
/** Before DNAT (-100). */
const PRIORITY = -150;
/** Names are read from their first byte on: for `nft list` alone, which would turn them round. */
const NAMES_IN_ORDER = attr(NFTA_SET.USERDATA, Buffer.from([0, 4, 1, 0, 0, 0]));

/** In the network namespace that the calling thread is in. */
export class NftConsulGuard extends TwinTables<ConsulGuardPlan> {
  constructor() {
    super({
      ...{ table, name: TABLE, chain: 'containers', hook: { number: HOOK.prerouting, priority: PRIORITY } },
      sets: (_, wish) => [bridgesOf(wish)],
      rules: rulesFor,
    });
  }
}

function bridgesOf({ interfaces }: ConsulGuardPlan): TwinSet {
  const changes = [
    table.set({ name: BRIDGES, id: 1, type: KEY.ifname, length: IFNAMSIZ, userdata: NAMES_IN_ORDER }),
    ...table.addElements(BRIDGES, interfaces.map(nameOf)),
  ];
  return { name: BRIDGES, changes, size: new Set(interfaces).size };
}

/** One rule's expressions for each server of the family, and for each port on this host. */
function rulesFor(family: Family, { servers }: ConsulGuardPlan): readonly (readonly Buffer[])[] {
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
