/** What callers wait for in a view, each with an end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlineError, isStoreError } from '../../errors.js';
import type { Store } from '../../model/ports/ports.js';
import type { PrefixView } from '../prefix/prefix-view.js';

type View = Pick<PrefixView<unknown, unknown>, 'covers' | 'next' | 'isAsNewAs' | 'error'>;

/** How long a watch may take to bring a write of ours before we look for ourselves, ms. */
const LOOK_AFTER_MS = 25;

/**
 * Resolves once the view of a watched prefix contains every change up to `index`. Rejects with a DeadlineError after
 * `deadlineMs`.
 *
 * An index may never come: a removal's may be too high, that of a no-op too. So after a moment we read the prefix
 * ourselves: that read came after the commit, and what is as new as the read contains it.
 */
export async function awaitIndex(
  prefix: string,
  view: Pick<View, 'covers' | 'next' | 'error'>,
  index: number,
  deadlineMs: number,
  /** Reads again; true when the view has what was read. */
  look: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  const remaining = () => end - performance.now();
  for (let patience = LOOK_AFTER_MS; ; patience = Math.min(patience * 2, 500)) {
    if (view.covers(index)) return;
    await view.next(Math.min(patience, remaining()));
    if (view.covers(index)) return;
    // The read may outlast the deadline, or the watch be faster.
    const found = await Promise.race([look(), view.next(remaining())]);
    if (found === true) return;
    if (remaining() <= 0) {
      const cause = view.error ? `: ${view.error.message}` : '';
      throw new DeadlineError(`the change of ${prefix} was not seen within ${deadlineMs / 1000} s${cause}`);
    }
  }
}

/** A store that does not answer is no news: the watch tells. */
export async function isUpToDate(store: Pick<Store, 'list'>, prefix: string, view: View): Promise<boolean> {
  try {
    return view.isAsNewAs(await store.list(prefix));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return false;
  }
}

/** True once `done` has resolved, false when that takes longer. */
export async function isDoneWithin(done: Promise<void>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(ms, false, { signal: over.signal }).catch(() => false);
  const outcome = await Promise.race([done.then(() => true), late]);
  over.abort();
  return outcome;
}

/**
 * Resolves once nothing is missing any more: `missing` gives the prefix and the view of one that is. Rejects with a
 * DeadlineError that ends with `cause` after `deadlineMs`.
 */
export async function awaitAll(
  missing: () => readonly [string, Pick<PrefixView<unknown, unknown>, 'next'>] | undefined,
  deadlineMs: number,
  cause: () => string,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  for (let one = missing(); one !== undefined; one = missing()) {
    const [prefix, view] = one;
    if (performance.now() >= end)
      throw new DeadlineError(`${prefix} was not loaded within ${deadlineMs / 1000} s${cause()}`);
    await view.next(end - performance.now());
  }
}
