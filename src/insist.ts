/** Tries until it works: Consul may come long after us. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isStoreError, messageOf } from './errors.js';
import type { Reason } from './health/entry.js';
import type { RowPort } from './health/row.js';
import { backoffMs, LONGEST_REFUSAL_MS } from './store/backoff.js';

const RETRY_MS = 500;

/** What will not pass by itself (403, garbage, a release that is refused) is tried more and more slowly. */
const isPassing = (e: unknown): boolean => isStoreError(e) && e.retryable && !e.persists;

/** Resolves once `work` has, or the signal aborts. The row is there until then. */
export async function insist(row: RowPort<Reason>, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  let refusals = 0;
  row.pending();
  while (!signal.aborted) {
    try {
      await work();
      row.gone();
      return;
    } catch (e) {
      row.failing({ reason: messageOf(e) });
      await sleep(isPassing(e) ? RETRY_MS : backoffMs(++refusals, Math.random(), LONGEST_REFUSAL_MS));
    }
  }
}
