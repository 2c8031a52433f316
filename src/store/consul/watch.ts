/** Blocking queries without end: https://developer.hashicorp.com/consul/api-docs/features/blocking */

import { setTimeout as sleep } from 'node:timers/promises';
import { errorOf } from '../../errors.js';

/** Consul adds up to a sixteenth of the wait by itself; the rest is for the way there and back. */
export const WAIT_SECONDS = 60;
export const BLOCKING_TIMEOUT_MS = WAIT_SECONDS * 1000 * (1 + 1 / 16) + 6_000;

interface Indexed {
  readonly index: number;
}

/**
 * Loads what is watched: at once for index 0, else as soon as its index is above `index` or the wait is over. After a
 * failure it takes its time (see backoff.ts).
 */
export type Load<T extends Indexed> = (index: number, signal: AbortSignal) => Promise<T>;

export interface Listener<T> {
  onNews(found: T): void;
  onError(error: Error): void;
}

/** The index to ask with next. One that went backwards starts again; one of 0 would never block. */
export function nextIndex(asked: number, answered: number): number {
  return answered < asked ? 0 : Math.max(1, answered);
}

/** An answer without news should have taken the whole wait; sooner than this, something on the way does not block. */
const NO_NEWS_MS = 1_000;
const NO_NEWS_PAUSE_MS = 250;

/**
 * Tells what is there first and then each time that its index differs from the last one's, until the signal aborts; what
 * has a lower index only as a consistent read has it.
 * After a failure it loads without blocking and tells even what did not change: that is also the sign that the store
 * answers again.
 */
export async function watchIndexed<T extends Indexed>(
  load: Load<T>,
  listener: Listener<T>,
  signal: AbortSignal,
): Promise<void> {
  let index = 0;
  let isFailing = false;
  let delivered: number | undefined;
  while (!signal.aborted) {
    const started = performance.now();
    const outcome = await load(index, signal).catch(errorOf);
    if (signal.aborted) return;
    if (outcome instanceof Error) {
      listener.onError(outcome);
      index = 0;
      isFailing = true;
      continue;
    }
    if (outcome.index < index) {
      // A server that lags, or a store that was put back: which of the two, a consistent read tells.
      index = 0;
      await sleep(NO_NEWS_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const isNews = outcome.index !== delivered || isFailing;
    if (isNews) listener.onNews(outcome);
    const unblocked = !isNews && index > 0 && performance.now() - started < NO_NEWS_MS;
    delivered = outcome.index;
    isFailing = false;
    index = nextIndex(index, outcome.index);
    if (unblocked) await sleep(NO_NEWS_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}
