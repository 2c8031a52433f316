/** `tsoverlay node forget <address>`: frees what a host that never returns has left in the cluster. */
import { UserError } from '../errors.js';
import type { Entry, Op, Store } from '../model/ports/ports.js';
import { isIp, parseIp } from '../model/values/address.js';
import { keys } from '../model/values/names.js';
import { isNodeId } from '../model/values/shapes.js';
import type { NodeId } from '../model/values/types.js';
import { partsOf } from '../store/in-parts.js';
import { formatHead, newRevision } from '../store/records/heads.js';
import { parseEndpoint, parseLease, parseNode, parsePool } from '../store/records/records.js';

export interface Forgotten {
  readonly endpoints: number;
  readonly addresses: number;
  readonly pools: number;
}

/**
 * `typed`: the node's address, or the id of one whose record is gone. Throws a UserError while the node is alive, or when
 * the cluster has never heard of it. Nobody's guess decides: an operator says so, and the node must have lost its
 * session.
 */
export async function forgetNode(store: Store, typed: string): Promise<Forgotten> {
  const name = isIp(typed) ? parseIp(typed) : typed;
  const records = (await store.list(keys.nodes)).entries;
  const id = idOf(name, records);
  // A host that moved may have two.
  const own = records.filter((e) => e.key === keys.node(name) || parseNode(e)?.id === id);
  if (own.some((e) => e.held))
    throw new UserError(`node ${name} is alive; stop tsoverlay on it first, or leave it alone`);
  const [heads, endpoints, leases, pools, members, released] = await Promise.all([
    store.keys(keys.allHeads),
    store.list('endpoints/'),
    store.list('addresses/'),
    store.list(keys.pools),
    id === undefined ? NOTHING : store.list(keys.members(id)),
    store.list(keys.released),
  ]);
  const isOwn = (record: { readonly node: NodeId } | undefined): boolean => record !== undefined && record.node === id;
  const dead = endpoints.entries.filter((e) => isOwn(parseEndpoint(e)));
  const held = leases.entries.filter((e) => {
    const lease = parseLease(e);
    return isOwn(lease) && lease?.kind === 'endpoint';
  });
  const claimed = pools.entries.filter((e) => {
    const pool = parsePool(e);
    return isOwn(pool) && pool?.network === undefined;
  });
  // Only who gave an address up ends its rest.
  const resting = released.entries.filter((e) => e.value === id);
  const rest = [...held, ...claimed, ...resting];
  if (members.entries.length + dead.length + headsOf(heads, id).length + rest.length + own.length === 0)
    throw new UserError(`node ${name} holds nothing in the cluster; ${addressWords(name, records)}`);
  // Whoever starts takes its record before it looks at anything else, and keeps what is left from then on.
  const away = own.map(({ key, index }): Op => ({ verb: 'check', key, index }));
  // The marks first: a host that starts again meanwhile knows by them that it was forgotten.
  await drop(store, removalOf(members.entries), away);
  for (const [network, endpoints] of byNetwork(dead))
    await drop(store, removalOf(endpoints), [...away, ...(id ? headOps(id, network) : [])]);
  // Without a head the others read what is left of the host's endpoints.
  const left = headsOf(await store.keys(keys.allHeads), id);
  await drop(
    store,
    left.map((key) => ({ verb: 'delete', key })),
    away,
  );
  await drop(store, removalOf(rest), away);
  await drop(store, removalOf(own));
  return { endpoints: dead.length, addresses: held.length, pools: claimed.length };
}

const NOTHING: { readonly entries: readonly Entry[] } = { entries: [] };

/** Undefined for an address under which there is no record that can be read. */
function idOf(name: string, records: readonly Entry[]): NodeId | undefined {
  if (isNodeId(name)) return name;
  const record = records.find((e) => e.key === keys.node(name));
  return record && parseNode(record)?.id;
}

/** Hostnames may be several hosts': nobody is forgotten by one. */
function addressWords(name: string, records: readonly Entry[]): string {
  const called = records.flatMap((e) => parseNode(e) ?? []).filter(({ hostname }) => hostname === name);
  const addresses = called.map(({ address }) => address).join(' or ');
  return called.length === 0 ? 'tsoverlay status lists the nodes' : `a host of that name has the address ${addresses}`;
}

const headsOf = (heads: readonly string[], id: NodeId | undefined): readonly string[] =>
  id === undefined ? [] : heads.filter((key) => key.split('/')[3] === id);

const removalOf = (entries: readonly Entry[]): readonly Op[] =>
  entries.map(({ key, index }) => ({ verb: 'delete', key, index }));

/** `beside`: what goes with each part of it. */
async function drop(store: Store, ops: readonly Op[], beside: readonly Op[] = []): Promise<void> {
  for (const part of partsOf(ops, beside))
    if (!(await store.commit([...part, ...beside])).ok)
      throw new UserError('the node changed its records just now, so it lives; nothing more was removed');
}

/** Tells the others that endpoints of a network are gone, as the host itself would have. */
const headOps = (id: NodeId, network: string): readonly Op[] => [
  { verb: 'deleteTree', prefix: keys.headsOf(network, id) },
  { verb: 'create', key: keys.head(network, id, newRevision()), value: formatHead([]) },
];

function byNetwork(endpoints: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const entry of endpoints) {
    const [, network = ''] = entry.key.split('/');
    found.set(network, [...(found.get(network) ?? []), entry]);
  }
  return found;
}
