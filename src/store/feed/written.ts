/** What is known of endpoints of a network without being read: this host wrote it itself, or a head carries it. Pure. */
import type { Entry, Op } from '../../model/ports/ports.js';
import type { Part } from '../prefix/prefix-view.js';
import { changedSince, type SoleHead } from '../records/heads.js';
import { inVersion, RECORD_VERSION } from '../records/record-version.js';

/** Of these keys alone. */
export type KeysPart = Part & { readonly within: readonly string[] };

/** As in Consul: what is written without a session counts as never held. */
const UNHELD = { held: false, everHeld: false } as const;

export interface Written {
  readonly owner: string;
  /** The revision of its head until then; undefined where it had none. */
  readonly before: string | undefined;
  readonly revision: string;
  /** The store's, of the commit. */
  readonly index: number;
  /** Of the commit, on keys of endpoints alone. */
  readonly ops: readonly Op[];
}

/**
 * The part of the view that it changes. Undefined where the view lacks what it builds on, or has been read further
 * already: then what is in the store has to be read.
 */
export function partOf({ ops, index }: Written, known: (key: string) => Entry | undefined): KeysPart | undefined {
  const entries: Entry[] = [];
  const within: string[] = [];
  for (const op of ops) {
    if (op.verb === 'check' || op.verb === 'checkAbsent') continue;
    if (op.verb !== 'create' && op.verb !== 'update' && op.verb !== 'delete') return undefined;
    const before = known(op.key);
    if ((before?.index ?? 0) >= index) return undefined;
    // What is created stood nowhere: if it is known here, its removal is not. What is not known cannot be added to.
    if (op.verb !== 'delete' && (before === undefined) !== (op.verb === 'create')) return undefined;
    within.push(op.key);
    if (op.verb === 'delete') continue;
    const kept = { ...UNHELD, born: before?.born ?? index, held: before?.held ?? false };
    // As if it had been read: in the store a version may have another layout than this build's values.
    entries.push({ key: op.key, value: inVersion(op.key, op.value, RECORD_VERSION), index, ...kept });
  }
  return { entries, index: 0, within };
}

/** What changed since an earlier head: the part of the view that this one carries, and keys that are left to be read. */
export interface SinceHead {
  readonly part: KeysPart;
  readonly left: readonly string[];
}

/**
 * Of endpoints below a prefix; undefined when the head does not reach back. What nobody here knows yet counts as made with
 * the head: a head may say anything, and of two the older one is right.
 */
export function partSince(
  { entry: { index }, head }: SoleHead,
  since: string,
  prefix: string,
  known: (key: string) => Entry | undefined,
): SinceHead | undefined {
  const changed = head && changedSince(head.changes, since);
  if (changed === undefined) return undefined;
  const entries: Entry[] = [];
  const within: string[] = [];
  const left: string[] = [];
  for (const id of changed) {
    const key = prefix + id;
    const before = known(key);
    const isNewer = head?.carried.has(id) && (before?.index ?? 0) < index;
    (isNewer ? within : left).push(key);
    const value = isNewer ? head?.carried.get(id) : undefined;
    if (value !== undefined) entries.push({ key, value, index, born: before?.born ?? index, ...UNHELD });
  }
  return { part: { entries, index: 0, within }, left };
}
