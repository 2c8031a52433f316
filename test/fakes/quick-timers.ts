import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';

const FACTOR = 20;

/**
 * Time passes twenty times as fast in these tests: timers and the clock that nobody sets; sockets, files and what Node
 * waits for by itself do not.
 */
export function quickTimers(): void {
  const { setTimeout: plain } = globalThis;
  const { setTimeout: promised } = timers;
  const now = performance.now.bind(performance);
  const put = (one: typeof plain, other: typeof promised, clock: typeof now): void => {
    globalThis.setTimeout = one;
    timers.setTimeout = other;
    performance.now = clock;
    syncBuiltinESMExports();
  };
  beforeEach(() =>
    put(
      Object.assign((work: () => void, ms = 0, ...args: []) => plain(work, ms / FACTOR, ...args), plain),
      (ms = 0, ...rest) => promised(ms / FACTOR, ...rest),
      () => now() * FACTOR,
    ),
  );
  afterEach(() => put(plain, promised, now));
}
