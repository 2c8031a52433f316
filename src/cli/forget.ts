/** `tsoverlay node forget <address>`: frees what a host that never returns has left in the cluster. */
import { UserError } from '../errors.js';
import { keys } from '../model/names.js';
import type { Entry, Op, Store } from '../model/ports.js';
import { isNodeId } from '../model/shapes.js';
import type { NodeId } from '../model/types.js';
import { parseEndpoint, parseLease, parseNode, parsePool } from '../store/records.js';

/** A transaction takes 64 operations. */
const BATCH = 60;

export interface Forgotten {
  readonly endpoints: number;
  readonly addresses: number;
  readonly pools: number;
}

/**
 * `name`: the node's address, or the id of one whose record is gone. Throws a UserError while the node is alive, or when
 * the cluster has never heard of it. Nobody's guess decides: an operator says so, and the node must have lost its
 * session.
 */
export async function forgetNode(store: Store, name: string): Promise<Forgotten> {
  const records = (await store.list(keys.nodes)).entries;
  const id = idOf(name, records);
  // A host that moved may have two.
  const own = records.filter((e) => e.key === keys.node(name) || parseNode(e)?.id === id);
  if (own.some((e) => e.held))
    throw new UserError(`node ${name} is alive; stop tsoverlay on it first, or leave it alone`);
  const [endpoints, leases, pools, members, released] = await Promise.all([
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
  // The marks first: a host that starts again meanwhile knows by them that it was forgotten.
  const all = [...members.entries, ...dead, ...held, ...claimed, ...resting, ...own];
  if (all.length === 0)
    throw new UserError(`node ${name} holds nothing in the cluster; tsoverlay status lists the nodes`);
  for (let i = 0; i < all.length; i += BATCH) await drop(store, all.slice(i, i + BATCH));
  return { endpoints: dead.length, addresses: held.length, pools: claimed.length };
}

const NOTHING = { entries: [] as readonly Entry[] };

/** Undefined for an address under which there is no record that can be read. */
function idOf(name: string, records: readonly Entry[]): NodeId | undefined {
  if (isNodeId(name)) return name as NodeId;
  const record = records.find((e) => e.key === keys.node(name));
  return record && parseNode(record)?.id;
}

async function drop(store: Store, entries: readonly Entry[]): Promise<void> {
  const ops = entries.map(({ key, index }): Op => ({ verb: 'delete', key, index }));
  const commit = await store.commit(ops);
  if (!commit.ok) throw new UserError('the node changed its records just now, so it lives; nothing more was removed');
}
