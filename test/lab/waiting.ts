/** Waiting for what must come about within a promised time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SLOWNESS } from './slowness.js';

/** Between two questions; each is a process or two. */
const PAUSE_MS = 20 * SLOWNESS;

/** Asks until the answer is true; resolves with the milliseconds it took. Rejects after `ms`, naming what was missed. */
export async function within(ms: number, what: string, holds: () => Promise<boolean>): Promise<number> {
  const start = Date.now();
  for (;;) {
    if (await holds()) return Date.now() - start;
    if (Date.now() - start > ms * SLOWNESS) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(PAUSE_MS);
  }
}
