/**
 * Store entries <-> typed records. What the key says is not said again in the value: ids and addresses are read from
 * the key, `index` and `alive` from the entry. `format(parse(entry))` is the entry's own value, byte for byte.
 */
import { z } from 'zod';
import { UserError } from '../errors.js';
import type { Entry } from '../model/ports.js';
import type { Cidr, Endpoint, Lease, Network, Node, Pool } from '../model/types.js';
import { endpointFields, leaseFields, networkFields, nodeFields, poolFields } from './record-fields.js';

/** The version that we write; a record of a higher one is left alone. */
const VERSION = 1;

/** Told of an entry that is no record we know: garbage, or a newer release's. The reason fits into one line. */
export type Report = (key: string, reason: string, index: number) => void;

/** Passes each key's problem on once per index. */
export function reportOnce(report: (key: string, reason: string) => void): Report {
  const told = new Map<string, number>();
  return (key, reason, index) => {
    if (told.get(key) === index) return;
    told.set(key, index);
    report(key, reason);
  };
}

/** The entry's record. Throws a UserError for one that is none we know: it is nobody's to change. */
export function readable<T>(entry: Entry, parse: (entry: Entry, report: Report) => T | undefined): T {
  let reason = '';
  const record = parse(entry, (_, why) => {
    reason = why;
  });
  if (record !== undefined) return record;
  throw new UserError(`${entry.key} in the store ${reason}; put it right there, or upgrade tsoverlay on this host`);
}

const versioned = z.looseObject({ version: z.int() });

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `ids` are what the key tells; undefined parts make the record invalid as any wrong field does. */
function parse<T>(
  entry: Entry,
  fields: z.ZodType<T>,
  ids: Readonly<Record<string, string | undefined>>,
  report?: Report,
): T | undefined {
  const refuse = (reason: string): undefined => {
    report?.(entry.key, reason, entry.index);
    return undefined;
  };
  const head = versioned.safeParse(readJson(entry.value));
  if (!head.success) return refuse('is no JSON record with a version');
  if (head.data.version > VERSION) return refuse(`has version ${head.data.version}, which a newer release wrote`);
  const record = fields.safeParse({ ...head.data, ...ids });
  if (record.success) return record.data;
  const issue = record.error.issues[0];
  return refuse(`has a wrong ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Throws a ZodError rather than write what nobody could read. */
function format(fields: z.ZodObject, derived: readonly string[], record: object): string {
  const stored = Object.entries(fields.parse(record)).filter(([name]) => !derived.includes(name));
  return JSON.stringify({ version: VERSION, ...Object.fromEntries(stored) });
}

/** The parts of a key after its kind: `endpoints/a/b` gives `a`, `b`. */
const parts = (key: string): string[] => key.split('/').slice(1);

/** `172.16.1.0-24` -> `172.16.1.0/24` (see keys.pool). */
const poolOf = (part: string | undefined): string | undefined => part?.replace(/-(?=\d+$)/, '/');

/** `nodes/<address>`; alive while a session holds the key. */
export function parseNode(entry: Entry, report?: Report): Node | undefined {
  const fields = parse(entry, nodeFields, { address: parts(entry.key)[0] }, report);
  return fields && { ...fields, alive: entry.held };
}

export const formatNode = (node: Omit<Node, 'alive'>): string => format(nodeFields, ['address'], node);

/** `networks/<id>` */
export function parseNetwork(entry: Entry, report?: Report): Network | undefined {
  const fields = parse(entry, networkFields, { id: parts(entry.key)[0] }, report);
  return fields && { ...fields, index: entry.index };
}

export const formatNetwork = (network: Omit<Network, 'index'>): string => format(networkFields, ['id'], network);

/** `endpoints/<network>/<id>` */
export function parseEndpoint(entry: Entry, report?: Report): Endpoint | undefined {
  const [network, id] = parts(entry.key);
  const fields = parse(entry, endpointFields, { network, id }, report);
  return fields && { ...fields, index: entry.index };
}

export const formatEndpoint = (endpoint: Omit<Endpoint, 'index'>): string =>
  format(endpointFields, ['id', 'network'], endpoint);

/** `addresses/<pool>/<ip>` */
export function parseLease(entry: Entry, report?: Report): Lease | undefined {
  const [pool, address] = parts(entry.key);
  const fields = parse(entry, leaseFields, { pool: poolOf(pool), address }, report);
  return fields && { ...fields, index: entry.index };
}

export const formatLease = (lease: Omit<Lease, 'index'>): string => format(leaseFields, ['pool', 'address'], lease);

/** `pools/<cidr>` */
export function parsePool(entry: Entry, report?: Report): Pool | undefined {
  const fields = parse(entry, poolFields, { cidr: poolOf(parts(entry.key)[0]) }, report);
  return fields && { ...fields, index: entry.index };
}

/** Which pool a key stands for, whatever its value is; undefined for a key that stands for none. */
export const poolOfKey = (key: string): Cidr | undefined => poolFields.shape.cidr.safeParse(poolOf(parts(key)[0])).data;

export const formatPool = (pool: Omit<Pool, 'index'>): string => format(poolFields, ['cidr'], pool);
