/** Blocking queries without end: https://developer.hashicorp.com/consul/api-docs/features/blocking */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Snapshot, WatchHandlers } from '../model/ports.js';

/** Consul adds up to a sixteenth of the wait by itself; the rest is for the way there and back. */
export const WAIT_SECONDS = 60;
export const BLOCKING_TIMEOUT_MS = WAIT_SECONDS * 1000 * (1 + 1 / 16) + 6_000;

/** Loads a prefix: at once for index 0, else as soon as its index is above `index` or the wait is over. */
export type Load = (index: number, signal: AbortSignal) => Promise<Snapshot>;

/** The index to ask with next. One that went backwards starts again; one of 0 would never block. */
export function nextIndex(asked: number, answered: number): number {
  return answered < asked ? 0 : Math.max(1, answered);
}

/** A host that was cut off has the names of the others back this soon after it can reach Consul again. */
const LONGEST_MS = 1_500;

/** Milliseconds to wait after `failures` failing tries in a row; `random` is 0 to 1. */
export function backoffMs(failures: number, random: number): number {
  return Math.min(LONGEST_MS, 250 * 2 ** (failures - 1)) * (0.5 + random / 2);
}

/** An answer without news should have taken the whole wait; sooner than this, something on the way does not block. */
const NO_NEWS_MS = 1_000;
const NO_NEWS_PAUSE_MS = 250;

/**
 * Delivers the first snapshot and then each one whose index differs from the last one's, until the signal aborts; one
 * whose index is lower only as a consistent read has it.
 * After a failure it loads without blocking and delivers even what did not change: a snapshot is also the sign
 * that the store answers again.
 */
export async function watchPrefix(load: Load, handlers: WatchHandlers, signal: AbortSignal): Promise<void> {
  let index = 0;
  let failures = 0;
  let delivered: number | undefined;
  while (!signal.aborted) {
    const started = performance.now();
    const outcome = await load(index, signal).catch((error: unknown) => error as Error);
    if (signal.aborted) return;
    if (outcome instanceof Error) {
      handlers.onError(outcome);
      index = 0;
      failures += 1;
      await pause(backoffMs(failures, Math.random()), signal);
      continue;
    }
    if (outcome.index < index) {
      // A server that lags, or a store that was put back: which of the two, a consistent read tells.
      index = 0;
      await pause(NO_NEWS_PAUSE_MS, signal);
      continue;
    }
    const news = outcome.index !== delivered || failures > 0;
    if (news) handlers.onSnapshot(outcome);
    const unblocked = !news && index > 0 && performance.now() - started < NO_NEWS_MS;
    delivered = outcome.index;
    failures = 0;
    index = nextIndex(index, outcome.index);
    if (unblocked) await pause(NO_NEWS_PAUSE_MS, signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
