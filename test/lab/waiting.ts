/** Waiting for what must come about within a promised time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is true; resolves with the milliseconds it took. Rejects after `ms`, naming what was missed. */
export async function within(ms: number, what: string, holds: () => Promise<boolean>): Promise<number> {
  const start = Date.now();
  for (;;) {
    if (await holds()) return Date.now() - start;
    if (Date.now() - start > ms) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}
