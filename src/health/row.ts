/** Status rows: one for each thing that is kept right. What reads them and what writes them. */
import type { Code, CodeArgs } from './catalogue.js';
import type { Args, Severity } from './entry.js';

/**
 * `pending`: it has not been right yet. `failing`: the last attempt failed, and it is tried again. `degraded`: it works,
 * but something about it is wrong that no attempt of ours puts right.
 */
export type State = 'ok' | 'pending' | 'failing' | 'degraded';

export interface Row {
  readonly code: Code;
  /** Which of several; empty where there is one only. */
  readonly subject: string;
  readonly state: State;
  readonly severity: Severity;
  /** When it came into this state, ISO 8601. */
  readonly since: string;
  /** How often in a row it failed, or was found so; 0 while ok or pending. */
  readonly attempts: number;
  /** Of the text; empty while ok or pending. */
  readonly args: Args;
  readonly text: string;
}

/** All rows at one moment: a value that never changes, and JSON as it is. */
export interface Snapshot {
  /** ISO 8601. */
  readonly at: string;
  readonly rows: readonly Row[];
}

/** How often the rows of one code were said to be so; what is said again counts again. */
export interface Said {
  readonly ok: number;
  readonly failing: number;
  readonly degraded: number;
  /** Since when none was said to be ok, ms; undefined before the first time. */
  readonly sinceOk: number | undefined;
}

/** What a part may say of one thing that it keeps right. Saying the same again costs next to nothing. */
export interface RowPort<A> {
  /** It is about to be made right for the first time, or anew. One that is failing or degraded stays so until it is right. */
  pending(): void;
  failing(args: A): void;
  degraded(args: A): void;
  ok(): void;
  /** The thing is no more; its row goes. */
  gone(): void;
}

/** The rows of one code. */
export interface RowsOf<A> {
  row(subject?: string): RowPort<A>;
  /** The rows of all other things go. */
  keepOnly(subjects: { has(subject: string): boolean }): void;
}

/** What a part is given: the rows of the codes that it may speak of. */
export interface RowPorts<C extends Code> {
  of<D extends C>(code: D): RowsOf<CodeArgs[D]>;
}

const nothing = (): void => {};
/** For rows of whatever code that nobody reads. */
export const UNHEARD: RowsOf<unknown> = {
  row: () => ({ pending: nothing, failing: nothing, degraded: nothing, ok: nothing, gone: nothing }),
  keepOnly: nothing,
};

/** For who has nobody to tell. */
export const NOBODY: RowPorts<Code> = { of: () => UNHEARD };
