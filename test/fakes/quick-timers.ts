import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';

const FACTOR = 20;

/** Timers of these tests are twenty times as fast as the clock; sockets, files and what Node waits for by itself are not. */
export function quickTimers(): void {
  const { setTimeout: plain } = globalThis;
  const { setTimeout: promised } = timers;
  const put = (one: typeof plain, other: typeof promised): void => {
    globalThis.setTimeout = one;
    timers.setTimeout = other;
    syncBuiltinESMExports();
  };
  beforeEach(() =>
    put(
      Object.assign((work: () => void, ms = 0, ...args: []) => plain(work, ms / FACTOR, ...args), plain),
      (ms = 0, ...rest) => promised(ms / FACTOR, ...rest),
    ),
  );
  afterEach(() => put(plain, promised));
}
