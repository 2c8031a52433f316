/**
 * What is too much for one transaction of Consul, cut where a crash does no harm: all that a record claims comes before
 * what makes the record count, and each part holds only as long as its condition does.
 */
import { StoreError } from '../errors.js';
import type { Op, Store } from '../model/ports/ports.js';

/** Of one transaction: Consul 1.8 takes 64 operations, and requests of 512 KB (`kv_max_value_size`). */
const MOST_OPS = 64;
const MOST_BYTES = 500 * 1024;
/** Of an operation besides key and value, bytes. */
const FRAME = 96;

/** Values go as base64. */
const sizeOf = (op: Op): number =>
  FRAME +
  Buffer.byteLength('prefix' in op ? op.prefix : op.key) +
  ('value' in op ? Math.ceil(Buffer.byteLength(op.value) / 3) * 4 : 0);

const sum = (ops: readonly Op[]): number => ops.reduce((all, op) => all + sizeOf(op), 0);

export const fits = (ops: readonly Op[]): boolean => ops.length <= MOST_OPS && sum(ops) <= MOST_BYTES;

/** All of the operations in their order, in as few transactions as take them together with `beside`. */
export function partsOf(ops: readonly Op[], beside: readonly Op[] = []): readonly (readonly Op[])[] {
  const parts: Op[][] = [];
  let left = { ops: 0, bytes: 0 };
  for (const op of ops) {
    if (left.ops < 1 || left.bytes < sizeOf(op)) {
      parts.push([]);
      left = { ops: MOST_OPS - beside.length, bytes: MOST_BYTES - sum(beside) };
    }
    parts.at(-1)?.push(op);
    left = { ops: left.ops - 1, bytes: left.bytes - sizeOf(op) };
  }
  return parts;
}

/**
 * Commits what of `ops` does not fit beside `last`, each part under the conditions. Gives what is left, which goes with
 * `last`. Rejects with a StoreError that passes when a part did not hold: read all anew.
 */
export async function commitAhead(
  store: Pick<Store, 'commit'>,
  ops: readonly Op[],
  conditions: readonly Op[],
  last: readonly Op[],
): Promise<readonly Op[]> {
  if (fits([...ops, ...last])) return ops;
  for (const part of partsOf(ops, conditions))
    if (!(await store.commit([...conditions, ...part])).ok)
      throw new StoreError('somebody changed the same thing meanwhile', true);
  return [];
}
