/** What the views read besides their watches: few at a time, so that whoever waits for a write need not wait for them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Semaphore } from 'async-mutex';
import type { Snapshot, Store } from '../../model/ports/ports.js';
import { backoffMs } from '../backoff.js';

const AT_ONCE = 3;

/** Reads rise with nobody's number of networks while the store is away: who fails keeps its place for a while. */
export class Reads {
  readonly #places = new Semaphore(AT_ONCE);
  #failures = 0;
  #pauses = new AbortController();

  constructor(private readonly store: Pick<Store, 'list' | 'children'>) {}

  /** Rejects with a StoreError, after a pause. */
  list(prefix: string): Promise<Snapshot> {
    return this.#take(() => this.store.list(prefix));
  }

  children(prefix: string): ReturnType<Store['children']> {
    return this.#take(() => this.store.children(prefix));
  }

  /** The store answers again: nobody pauses any longer. */
  wake(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#pauses.abort();
    this.#pauses = new AbortController();
  }

  #take<T>(read: () => Promise<T>): Promise<T> {
    return this.#places.runExclusive(async () => {
      try {
        const found = await read();
        this.#failures = 0;
        return found;
      } catch (e) {
        this.#failures += 1;
        const { signal } = this.#pauses;
        await sleep(backoffMs(this.#failures, Math.random()), undefined, { signal, ref: false }).catch(() => undefined);
        throw e;
      }
    });
  }
}

/** Waits for all, also when one fails: no read may still be under way when the next step begins. */
export async function settled<T>(all: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(all);
  return Promise.all(all);
}
