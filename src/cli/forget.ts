/** `tsoverlay node forget <address>`: frees what a host that never returns has left in the cluster. */
import { UserError } from '../errors.js';
import { keys } from '../model/names.js';
import type { Entry, Op, Store } from '../model/ports.js';
import { formatHead, newRevision } from '../store/heads.js';
import { parseEndpoint, parseLease, parsePool } from '../store/records.js';

/** A transaction takes 64 operations, and each network in it two for the head. */
const BATCH = 20;

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
  const [node, heads, endpoints, leases, pools, members, released] = await Promise.all([
    store.get(keys.node(address)),
    store.keys(keys.allHeads),
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
  const rest = [...held, ...claimed, ...resting, ...(node === undefined ? [] : [node])];
  if (members.entries.length + own.length + headsOf(heads, address).length + rest.length === 0)
    throw new UserError(`node ${address} holds nothing in the cluster; tsoverlay status lists the nodes`);
  // The marks first: a host that starts again meanwhile knows by them that it was forgotten.
  await drop(store, members.entries);
  await drop(store, own, (part) => headOps(address, part));
  // Without a head the others read what is left of the host's endpoints.
  const left = headsOf(await store.keys(keys.allHeads), address);
  for (const part of batches(left)) await store.commit(part.map((key) => ({ verb: 'delete', key })));
  await drop(store, rest);
  return { endpoints: own.length, addresses: held.length, pools: claimed.length };
}

const headsOf = (heads: readonly string[], address: string): readonly string[] =>
  heads.filter((key) => key.split('/')[3] === address);

async function drop(
  store: Store,
  entries: readonly Entry[],
  more: (part: readonly Entry[]) => readonly Op[] = () => [],
): Promise<void> {
  for (const part of batches(entries)) {
    const ops = part.map(({ key, index }): Op => ({ verb: 'delete', key, index }));
    const commit = await store.commit([...ops, ...more(part)]);
    if (!commit.ok) throw new UserError('the node changed its records just now, so it lives; nothing more was removed');
  }
}

/** Tells the others that endpoints are gone, as the host itself would have. */
const headOps = (address: string, endpoints: readonly Entry[]): readonly Op[] =>
  [...new Set(endpoints.map(({ key }) => key.split('/')[1] ?? ''))].flatMap((network): readonly Op[] => [
    { verb: 'deleteTree', prefix: keys.headsOf(network, address) },
    { verb: 'create', key: keys.head(network, address, newRevision()), value: formatHead([]) },
  ]);

function* batches<T>(all: readonly T[]): Iterable<readonly T[]> {
  for (let i = 0; i < all.length; i += BATCH) yield all.slice(i, i + BATCH);
}
