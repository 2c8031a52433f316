/** Our operations in Consul's transaction language and back: https://developer.hashicorp.com/consul/api-docs/txn */
import * as z from 'zod';
import type { Commit, Entry, Op } from '../../model/ports/ports.js';
import { type Answer, readBody, readList } from './answer.js';

/** Consul 1.8's limit; 128 from 1.14 on. */
export const MAX_OPS = 64;

interface KvOperation {
  readonly Verb: string;
  readonly Key: string;
  readonly Value?: string;
  readonly Index?: number;
  readonly Session?: string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function toKv(op: Op, key: string): KvOperation {
  switch (op.verb) {
    case 'create':
      return { Verb: 'cas', Key: key, Value: base64(op.value), Index: 0 };
    case 'update':
      return { Verb: 'cas', Key: key, Value: base64(op.value), Index: op.index };
    case 'set':
      return { Verb: 'set', Key: key, Value: base64(op.value) };
    case 'delete':
      return op.index === undefined ? { Verb: 'delete', Key: key } : { Verb: 'delete-cas', Key: key, Index: op.index };
    case 'deleteTree':
      return { Verb: 'delete-tree', Key: key };
    case 'check':
      return { Verb: 'check-index', Key: key, Index: op.index };
    case 'checkAbsent':
      return { Verb: 'check-not-exists', Key: key };
  }
}

const keyOf = (op: Op): string => (op.verb === 'deleteTree' ? op.prefix : op.key);

/** The shape that the npm client sends as it is; its types know a lower-case, flat form that Consul does not. */
export type TxnOperation = { readonly verb: string; readonly key: string } & { readonly KV: KvOperation };

const wrap = (kv: KvOperation) => ({ KV: kv }) as TxnOperation;

export const toTxn = (ops: readonly Op[], prefix: string): TxnOperation[] =>
  ops.map((op) => wrap(toKv(op, prefix + keyOf(op))));

export const lockTxn = (key: string, value: string, session: string): TxnOperation[] => [
  wrap({ Verb: 'lock', Key: key, Value: base64(value), Session: session }),
];

/** The same for a key that the session holds already, so that it counts as taken again. */
export const relockTxn = (key: string, value: string, session: string): TxnOperation[] => [
  wrap({ Verb: 'unlock', Key: key, Value: base64(value), Session: session }),
  ...lockTxn(key, value, session),
];

const refusal = z.object({ Errors: z.array(z.object({ OpIndex: z.number() })) });
const results = z.object({ Results: z.array(z.object({ KV: z.object({ ModifyIndex: z.number() }) })).nullable() });

/** `index` is 0 when the answer names no written key. */
export function commitOf(answer: Answer): Commit {
  if (answer.status === 409) {
    const failed = readBody(answer, refusal).Errors.map((e) => e.OpIndex);
    return { ok: false, failed: [...new Set(failed)].sort((a, b) => a - b) };
  }
  const written = readBody(answer, results).Results ?? [];
  return { ok: true, index: Math.max(0, ...written.map((r) => r.KV.ModifyIndex)) };
}

/**
 * The first key whose removal the answer's indexes may not cover. A removal has no result; the others carry the
 * transaction's index only if they changed something, which of all verbs only a create does for sure (a `set` or
 * `cas` of the same value leaves the key and its index alone).
 */
export function unseenRemoval(ops: readonly Op[]): string | undefined {
  if (ops.some((op) => op.verb === 'create')) return undefined;
  const removal = ops.find((op) => op.verb === 'delete' || op.verb === 'deleteTree');
  return removal && keyOf(removal);
}

const kvItem = z.object({
  Key: z.string(),
  Value: z.string().nullable(),
  CreateIndex: z.number().default(0),
  ModifyIndex: z.number(),
  LockIndex: z.number().default(0),
  Session: z.string().optional(),
});

/** A key as Consul has it, with the session that holds it. */
export interface HeldEntry extends Entry {
  readonly session?: string;
}

/** The entries of a `/v1/kv` answer, values decoded by the client; none for a 404. Keys lose the prefix. */
export function entriesOf(answer: Answer, prefix: string): HeldEntry[] {
  if (answer.status === 404) return [];
  return readList(answer, kvItem).map((item) => ({
    key: item.Key.slice(prefix.length),
    value: item.Value ?? '',
    index: item.ModifyIndex,
    born: item.CreateIndex,
    held: item.Session !== undefined,
    // Counts the sessions that took the key; stays when the last one ends, and is 0 again after a plain write.
    everHeld: item.LockIndex > 0,
    ...(item.Session !== undefined && { session: item.Session }),
  }));
}

/** Looked at by hand: names are what hosts read most, a hundred at a time. */
const names = z.custom<readonly string[]>((found) => Array.isArray(found) && found.every((n) => typeof n === 'string'));

export const keysOf = (answer: Answer, prefix: string): string[] =>
  answer.status === 404 ? [] : readBody(answer, names).map((key) => key.slice(prefix.length));
