/** Create-only publishing of what this host holds: all of a thing or nothing of it, and nobody else's is touched. */

import type { Entry, Op, Store } from '../../model/ports/ports.js';
import { ipOf, networkOf } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Endpoint, Lease, Network } from '../../model/values/types.js';
import { commitAhead } from '../../store/in-parts.js';
import {
  formatEndpoint,
  formatLease,
  formatNetwork,
  formatPool,
  parseLease,
  parseNetwork,
  parsePool,
} from '../../store/records/records.js';
import { type Attempt, type Transacting, transact } from '../changes/transact.js';
import { reservedLeases } from '../ipam/leases.js';
import type { Heads } from '../local/heads.js';

/** What of a store publishing needs. */
export type Publishing = Pick<Store, 'get'> & Transacting;

type Checks = () => Promise<readonly Op[] | undefined>;

/** Returns the keys that somebody else holds; none when all of it stands, now or before. The first key is the record. */
async function publish(store: Publishing, entries: ReadonlyMap<string, string>): Promise<readonly string[]> {
  return (await transact(store, () => attempt(store, entries, async () => []))).result;
}

async function attempt(
  store: Publishing,
  entries: ReadonlyMap<string, string>,
  checks: Checks,
): Promise<Attempt<readonly string[]>> {
  const [first = ''] = entries.keys();
  const found = await Promise.all([...entries.keys()].map((key) => store.get(key)));
  if (found[0] !== undefined) return { ops: marksBeside(found[0], entries, found), result: [] };
  const conditions = await checks();
  const taken = found.flatMap((entry, i) => (entry === undefined || isOurs(entry, [...entries][i]) ? [] : [entry.key]));
  if (conditions === undefined || taken.length > 0) return { ops: [], result: [first, ...taken] };
  const missing = [...entries].filter((_, i) => found[i] === undefined);
  const [record, ...rest] = missing.map(([key, value]): Op => ({ verb: 'create', key, value }));
  if (record === undefined) return { ops: [], result: [] };
  // The record last: what a crash leaves of the rest is known for its own by whoever publishes it again.
  const last = [...conditions, record];
  return { ops: [...last, ...(await commitAhead(store, rest, conditions, last))], result: [] };
}

/** A forget takes the marks first: the record may stand without its own, and a start finds it by that alone. */
function marksBeside(
  { key, index }: Entry,
  entries: ReadonlyMap<string, string>,
  found: readonly (Entry | undefined)[],
): readonly Op[] {
  const marks = [...entries.keys()].filter((of, i) => of.startsWith('members/') && found[i] === undefined);
  const check: Op = { verb: 'check', key, index };
  return marks.length === 0 ? [] : [check, ...marks.map((mark): Op => ({ verb: 'create', key: mark, value: '' }))];
}

/** A mark of membership, what the same network claims, or a lease that serves the same endpoint. */
function isOurs(entry: Entry, [key, value]: readonly [string, string] = ['', '']): boolean {
  if (entry.key.startsWith('members/')) return true;
  if (/^(?:vnis|names)\//.test(entry.key)) return entry.value === value;
  if (entry.key.startsWith('pools/')) {
    const network = parsePool({ ...entry, key, value })?.network;
    return network !== undefined && parsePool(entry)?.network === network;
  }
  const [there, here] = [parseLease(entry), parseLease({ ...entry, key, value })];
  return there !== undefined && there.node === here?.node && there.endpoint === here.endpoint;
}

/** An endpoint of this host with its addresses, on a network that stands. */
export async function publishEndpoint(
  store: Publishing,
  heads: Pick<Heads, 'transact'>,
  endpoint: Endpoint,
): Promise<readonly string[]> {
  const { id, network } = endpoint;
  const isStanding = async (): Promise<readonly Op[] | undefined> => {
    const entry = await store.get(keys.network(network));
    if (entry === undefined || parseNetwork(entry)?.deleting) return undefined;
    return [{ verb: 'check', key: entry.key, index: entry.index }];
  };
  const { result } = await heads.transact(network, async () => ({
    ...(await attempt(store, endpointEntries(endpoint), isStanding)),
    changes: [id],
  }));
  return result;
}

function endpointEntries(endpoint: Endpoint): ReadonlyMap<string, string> {
  const { id, node, network } = endpoint;
  const leases = endpoint.addresses.map((address) =>
    leaseEntry({
      ...{ pool: networkOf(address), address: ipOf(address), node, kind: 'endpoint', endpoint: id },
      created: Date.now(),
    }),
  );
  return new Map([
    [keys.endpoint(network, node, id), formatEndpoint(endpoint)],
    ...leases,
    [keys.member(node, network), ''],
  ]);
}

const leaseEntry = (lease: Omit<Lease, 'index'>): [string, string] => [
  keys.lease(lease.pool, lease.address),
  formatLease(lease),
];

/** A network with all that it claims. */
export const publishNetwork = (store: Publishing, network: Network): Promise<readonly string[]> =>
  publish(store, networkEntries(network));

/** The record first: where it stands, the network has been published. */
function networkEntries(network: Network): ReadonlyMap<string, string> {
  const created = Date.now();
  const pools = network.subnets.map(({ pool }): [string, string] => [
    keys.pool(pool),
    formatPool({ cidr: pool, node: network.creator, network: network.id, created }),
  ]);
  const leases = network.subnets.flatMap((subnet) => reservedLeases(subnet, network.creator)).map(leaseEntry);
  return new Map([
    [keys.network(network.id), formatNetwork(network)],
    ...pools,
    ...leases,
    ...network.subnets.map((s): [string, string] => [keys.vni(s.vni), network.id]),
    ...(network.announced === undefined ? [] : [[keys.name(network.announced.name), network.id] as const]),
  ]);
}
