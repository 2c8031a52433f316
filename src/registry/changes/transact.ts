/** Compare-and-swap with patience: read, decide, commit; again when somebody was faster or the store hiccups. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlineError, isStoreError } from '../../errors.js';
import type { Op, Store } from '../../model/ports/ports.js';

/** How long a driver call waits for the store, ms. Well under the 30 s after which an engine gives up. */
export const STORE_DEADLINE_MS = 8_000;

/** How long what ends something waits, ms: the engine only logs its failure, and our passes clean up. */
const ENDING_DEADLINE_MS = 2_000;
/** How long such a call that failed speaks for the next ones, ms. */
const AWAY_MS = 10_000;

/** The operations to commit and what the caller gets when they went through; no operations means "already so". */
export interface Attempt<T> {
  readonly ops: readonly Op[];
  readonly result: T;
}

export interface Committed<T> {
  readonly result: T;
  /** The store's index after the commit, also of one whose answer was lost; 0 when there was nothing to write. */
  readonly index: number;
}

/** What of a store a transaction needs. */
export type Transacting = Pick<Store, 'commit' | 'list'>;

/** The last call that ended something and failed, until something goes through. */
const failures = new WeakMap<Transacting, { readonly at: number; readonly error: unknown }>();

/**
 * Builds and commits until a commit holds. `build` reads what it needs afresh at every try, and is told which operations
 * of the try before did not hold (their positions); what it throws ends the matter, except for a retryable StoreError.
 * Rejects with that StoreError, or a DeadlineError, when time runs out.
 */
export async function transact<T>(
  store: Transacting,
  build: (failed: readonly number[]) => Promise<Attempt<T>>,
  deadlineMs = STORE_DEADLINE_MS,
): Promise<Committed<T>> {
  const end = performance.now() + deadlineMs;
  let hiccup: unknown;
  let failed: readonly number[] = [];
  /** What nobody knows of whether it was done. */
  let unknown: readonly Op[] = [];
  for (let tries = 1; ; tries++) {
    try {
      const { ops, result } = await build(failed);
      if (ops.length === 0) return { result, index: await indexAfter(store, unknown) };
      unknown = ops;
      const commit = await store.commit(ops);
      if (commit.ok) {
        failures.delete(store);
        return { result, index: commit.index };
      }
      failed = commit.failed;
      unknown = [];
      // The store took the time, whoever else may have been faster since it is back.
      if (performance.now() > end)
        throw hiccup ?? new DeadlineError('too many hosts changed the same thing at once; try again');
      // Two hosts in step would collide for ever.
      await sleep(Math.random() * Math.min(5 * tries, 50));
    } catch (e) {
      if (!(isStoreError(e) && e.retryable) || performance.now() > end) throw e;
      hiccup = e;
      failed = [];
      await sleep(Math.min(100 * tries, 1_000));
    }
  }
}

/** At least the index of the operations, should they have been done: who waits for them waits for no less. */
async function indexAfter(store: Pick<Store, 'list'>, ops: readonly Op[]): Promise<number> {
  const written = ops.find((op) => op.verb !== 'check' && op.verb !== 'checkAbsent');
  if (written === undefined) return 0;
  return (await store.list(written.verb === 'deleteTree' ? written.prefix : written.key)).index;
}

/**
 * `transact` for the calls that end something. An engine that boots makes them one after the other for each container
 * it finds dead, before it serves anybody: without a store that must cost seconds, not seconds per container.
 */
export async function transactEnding<T>(
  store: Transacting,
  build: (failed: readonly number[]) => Promise<Attempt<T>>,
): Promise<Committed<T>> {
  const failure = failures.get(store);
  if (failure !== undefined && performance.now() - failure.at < AWAY_MS) throw failure.error;
  try {
    return await transact(store, build, ENDING_DEADLINE_MS);
  } catch (error) {
    if (isStoreError(error) && error.retryable) failures.set(store, { at: performance.now(), error });
    throw error;
  }
}
