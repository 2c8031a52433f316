/** Tries until it works: Consul may come long after us. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isStoreError, messageOf } from './errors.js';

const RETRY_MS = 500;
/** What will not pass by itself (403, garbage) is tried more and more slowly, ms at most. */
const MOST_RETRY_MS = 30_000;

const isPassing = (e: unknown): boolean => isStoreError(e) && e.retryable && !e.persists;

/** Resolves once `work` has, or the signal aborts. Each reason for a failure is logged once. */
export async function insist(
  log: Pick<Logger, 'error'>,
  signal: AbortSignal,
  complaint: string,
  work: () => Promise<void>,
): Promise<void> {
  const told = new Set<string>();
  let wait = RETRY_MS;
  while (!signal.aborted) {
    try {
      return await work();
    } catch (e) {
      const err = messageOf(e);
      if (!told.has(err)) log.error({ err }, `${complaint}; trying on`);
      told.add(err);
      await sleep(wait);
      wait = isPassing(e) ? RETRY_MS : Math.min(2 * wait, MOST_RETRY_MS);
    }
  }
}
