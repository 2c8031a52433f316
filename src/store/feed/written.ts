/** What this host has just written of its own endpoints in a network: nobody need read it. Pure. */
import type { Entry, Op } from '../../model/ports/ports.js';
import type { Part } from '../prefix/prefix-view.js';
import { inVersion, RECORD_VERSION } from '../records/record-version.js';

/** Of these keys alone. */
export type KeysPart = Part & { readonly within: readonly string[] };

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
    // As in Consul, what is written without a session counts as never held.
    const kept = { born: before?.born ?? index, held: before?.held ?? false, everHeld: false };
    // As if it had been read: in the store a version may have another layout than this build's values.
    entries.push({ key: op.key, value: inVersion(op.key, op.value, RECORD_VERSION), index, ...kept });
  }
  return { entries, index: 0, within };
}
