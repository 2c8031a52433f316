/** Waits for what is under way. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds. */
const [LEAST_MS, MOST_MS] = [20, 1000];

/** Resolves when nothing is under way any more, at the latest after MOST_MS. */
export async function drained(servers: { readonly busy: boolean }): Promise<void> {
  const began = performance.now();
  do await sleep(LEAST_MS);
  while (servers.busy && performance.now() - began < MOST_MS);
}
