/**
 * What a head carries: the endpoints as the transaction that wrote it has left them, so that whoever reads the head need
 * not read these. Pure.
 */
import * as z from 'zod';
import type { Op } from '../../model/ports/ports.js';
import type { EndpointId } from '../../model/values/types.js';
import { endpointId } from './fields.js';
import { readVersioned, versionTrouble } from './record-version.js';

/** By endpoint, its record; undefined where it was removed. */
export type Carried = ReadonlyMap<EndpointId, string | undefined>;

/** Of a record, in UTF-16 units, and of records: what is more is read by those that need it. */
const MOST = { size: 2_048, records: 4 } as const;

const record = z.tuple([endpointId, z.string().max(MOST.size).nullable()]);
/** Nothing where it is garbage: all of it can be read, too. */
export const carriedShape = z
  .array(record)
  .max(MOST.records)
  .transform(
    (all): Carried => new Map(all.flatMap(([id, value]) => (isReadable(value) ? [[id, value ?? undefined]] : []))),
  )
  .catch(() => new Map());

/** A head is written in the cluster's version, and what it carries in that of the release that wrote it. */
function isReadable(value: string | null): boolean {
  const version = value === null ? undefined : readVersioned(value)?.version;
  return value === null || (version !== undefined && versionTrouble(version) === undefined);
}

/** What operations on keys of endpoints leave. */
export const carriedOf = (ops: readonly Op[]): readonly z.input<typeof record>[] =>
  ops
    .flatMap((op): z.input<typeof record>[] => {
      if (op.verb === 'create' || op.verb === 'update') return [[idOf(op.key), op.value]];
      return op.verb === 'delete' ? [[idOf(op.key), null]] : [];
    })
    .filter(([, value]) => (value ?? '').length <= MOST.size)
    .slice(0, MOST.records);

const idOf = (key: string): EndpointId => key.slice(key.lastIndexOf('/') + 1) as EndpointId;
