/** `tsoverlay node forget <address>`: frees what a host that never returns has left in the cluster. */
import { UserError } from '../errors.js';
import { keys } from '../model/names.js';
import type { Entry, Op, Store } from '../model/ports.js';
import { parseEndpoint, parseLease, parsePool } from '../store/records.js';

/** A transaction takes 64 operations. */
const BATCH = 60;

export interface Forgotten {
  readonly endpoints: number;
  readonly addresses: number;
  readonly pools: number;
}

/**
 * Throws a UserError while the node is alive, or when the cluster has never heard of it. Nobody's guess decides: an
 * operator says so, and the node must have lost its session.
 */
export async function forgetNode(store: Store, address: string): Promise<Forgotten> {
  const [node, endpoints, leases, pools, members, released] = await Promise.all([
    store.get(keys.node(address)),
    store.list('endpoints/'),
    store.list('addresses/'),
    store.list(keys.pools),
    store.list(keys.members(address)),
    store.list(keys.released),
  ]);
  if (node?.held) throw new UserError(`node ${address} is alive; stop tsoverlay on it first, or leave it alone`);
  const own = endpoints.entries.filter((e) => parseEndpoint(e)?.node === address);
  const held = leases.entries.filter((e) => {
    const lease = parseLease(e);
    return lease?.node === address && lease.kind === 'endpoint';
  });
  const claimed = pools.entries.filter((e) => {
    const pool = parsePool(e);
    return pool?.node === address && pool.network === undefined;
  });
  // Only who gave an address up ends its rest.
  const resting = released.entries.filter((e) => e.value === address);
  // The marks first: a host that starts again meanwhile knows by them that it was forgotten.
  const all = [...members.entries, ...own, ...held, ...claimed, ...resting, ...(node === undefined ? [] : [node])];
  if (all.length === 0)
    throw new UserError(`node ${address} holds nothing in the cluster; tsoverlay status lists the nodes`);
  for (let i = 0; i < all.length; i += BATCH) await drop(store, all.slice(i, i + BATCH));
  return { endpoints: own.length, addresses: held.length, pools: claimed.length };
}

async function drop(store: Store, entries: readonly Entry[]): Promise<void> {
  const ops = entries.map(({ key, index }): Op => ({ verb: 'delete', key, index }));
  const commit = await store.commit(ops);
  if (!commit.ok) throw new UserError('the node changed its records just now, so it lives; nothing more was removed');
}
