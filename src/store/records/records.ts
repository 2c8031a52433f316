/**
 * Store entries <-> typed records. What the key says is not said again in the value: ids and addresses are read from
 * the key, `index` and `alive` from the entry. `format(parse(entry))` is the entry's own value, byte for byte, where that is
 * of the newest version.
 */
import type * as z from 'zod';
import { UserError } from '../../errors.js';
import type { Entry } from '../../model/ports/ports.js';
import { clipped, shown } from '../../model/values/printable.js';
import { MOST } from '../../model/values/shapes.js';
import type { Cidr, Endpoint, Lease, Network, Node, Pool } from '../../model/values/types.js';
import { endpointFields, leaseFields, networkFields, nodeFields, poolFields } from './record-fields.js';
import { ofVersion, RECORD_VERSION, readVersioned, versionTrouble } from './record-version.js';

/** A key with more is none of ours, however many it has. */
const MOST_PARTS = 5;
/** A reason quotes what it found, which may be anything. */
const LONGEST_REASON = 200;

/** Told of an entry that is no record we know: garbage, or a newer release's. The reason fits into one line. */
export type Report = (key: string, reason: string, index: number) => void;

/** The entry's record. Throws a UserError for one that is none we know: it is nobody's to change. */
export function readable<T>(entry: Entry, parse: (entry: Entry, report: Report) => T | undefined): T {
  let reason = '';
  const record = parse(entry, (_, why) => {
    reason = why;
  });
  if (record !== undefined) return record;
  throw new UserError(`${entry.key} in the store ${reason}; put it right there, or upgrade tsoverlay on this host`);
}

/**
 * In literals of records what comes from elsewhere stands last: of `{ ...a, b }` V8 (in node 20) makes a hidden class for
 * each object by itself, which is 0.4 KB, and whoever reads thousands of them finds each of another shape.
 *
 * Never throws, whatever the entry is. `names` are those of the fields that the key tells, in its order; a key with
 * more or fewer parts is none of ours.
 */
function parse<T>(
  entry: Entry,
  fields: z.ZodType<T>,
  names: Readonly<Record<string, (part: string) => string>>,
  report?: Report,
): T | undefined {
  const refuse = (reason: string): undefined => {
    report?.(entry.key, clipped(shown(reason), LONGEST_REASON), entry.index);
    return undefined;
  };
  const [, ...found] = entry.key.split('/', MOST_PARTS);
  const wanted = Object.entries(names);
  if (found.length !== wanted.length) return refuse('is no key of a record');
  if (entry.value.length > MOST.record) return refuse(`is no JSON record of at most ${MOST.record} characters`);
  const head = readVersioned(entry.value);
  if (head === undefined) return refuse('is no JSON record with a version');
  const trouble = versionTrouble(head.version);
  if (trouble !== undefined) return refuse(trouble);
  const ids = wanted.map(([name, read], i) => [name, read(found[i] ?? '')] as const);
  const record = fields.safeParse(Object.fromEntries([...Object.entries(ofVersion(entry.key, head)), ...ids]));
  if (record.success) return record.data;
  const issue = record.error.issues[0];
  return refuse(`has a wrong ${issue?.path.join('.')}: ${issue?.message}`);
}

/** In this build's newest version. Throws a ZodError rather than write what nobody could read. */
function format(fields: z.ZodObject, derived: readonly string[], record: object): string {
  const stored = Object.entries(fields.parse(record)).filter(([name]) => !derived.includes(name));
  return JSON.stringify({ version: RECORD_VERSION, ...Object.fromEntries(stored) });
}

const itself = (part: string): string => part;

/** `172.16.1.0-24` -> `172.16.1.0/24` (see keys.pool). */
const poolOf = (part: string): string => part.replace(/-(?=\d+$)/, '/');

/**
 * `nodes/<address>`; alive while a session holds the key. A host takes its key with a session of its own before
 * anything else: one that no session ever held is nobody's, and would let whoever wrote it through the guard.
 */
export function parseNode(entry: Entry, report?: Report): Node | undefined {
  const fields = parse(entry, nodeFields, { address: itself }, report);
  if (fields === undefined) return undefined;
  if (entry.held || entry.everHeld) {
    const { vtep: _, ...node } = fields;
    return { alive: entry.held, index: entry.index, ...node };
  }
  report?.(entry.key, 'was never held by a session, so that no host wrote it', entry.index);
  return undefined;
}

export const formatNode = (node: Omit<Node, 'alive' | 'index'>): string =>
  format(nodeFields, ['address'], { ...node, vtep: node.address });

/** `networks/<id>` */
export function parseNetwork(entry: Entry, report?: Report): Network | undefined {
  const fields = parse(entry, networkFields, { id: itself }, report);
  return fields && { index: entry.index, born: entry.born, ...fields };
}

export const formatNetwork = (network: Omit<Network, 'index'>): string => format(networkFields, ['id'], network);

/** `endpoints/<network>/<node>/<id>`: nobody has endpoints under another's name. */
export function parseEndpoint(entry: Entry, report?: Report): Endpoint | undefined {
  const fields = parse(entry, endpointFields, { network: itself, node: itself, id: itself }, report);
  return fields && { index: entry.index, born: entry.born, ...fields };
}

export const formatEndpoint = (endpoint: Omit<Endpoint, 'index'>): string =>
  format(endpointFields, ['id', 'network', 'node'], endpoint);

/** `addresses/<pool>/<ip>` */
export function parseLease(entry: Entry, report?: Report): Lease | undefined {
  const fields = parse(entry, leaseFields, { pool: poolOf, address: itself }, report);
  return fields && { index: entry.index, ...fields };
}

export const formatLease = (lease: Omit<Lease, 'index'>): string => format(leaseFields, ['pool', 'address'], lease);

/** `pools/<cidr>` */
export function parsePool(entry: Entry, report?: Report): Pool | undefined {
  const fields = parse(entry, poolFields, { cidr: poolOf }, report);
  return fields && { index: entry.index, ...fields };
}

/** Which pool a key stands for, whatever its value is; undefined for a key that stands for none. */
export const poolOfKey = (key: string): Cidr | undefined => {
  const [, part = '', more] = key.split('/', MOST_PARTS);
  return more === undefined ? poolFields.shape.cidr.safeParse(poolOf(part)).data : undefined;
};

export const formatPool = (pool: Omit<Pool, 'index'>): string => format(poolFields, ['cidr'], pool);
