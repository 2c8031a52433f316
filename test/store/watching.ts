/** What a watch told, to wait for. */
import type { Snapshot, Store } from '../../src/model/ports/ports.js';

export class Watching {
  readonly snapshots: Snapshot[] = [];
  readonly errors: Error[] = [];
  readonly #abort = new AbortController();
  readonly #wakes = new Set<() => void>();

  constructor(store: Store, prefix: string) {
    store.watch(
      prefix,
      {
        onSnapshot: (snapshot) => {
          this.snapshots.push(snapshot);
          this.#wake();
        },
        onError: (error) => {
          this.errors.push(error);
          this.#wake();
        },
      },
      this.#abort.signal,
    );
  }

  get last(): Snapshot | undefined {
    return this.snapshots.at(-1);
  }

  /** Keys and values of the last snapshot. */
  get content(): Record<string, string> | undefined {
    return this.last && Object.fromEntries(this.last.entries.map((e) => [e.key, e.value]));
  }

  /** Resolves as soon as `condition` holds after something was told; else rejects after `ms`. */
  until(condition: (watching: this) => boolean, ms = 5_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wakes.delete(check);
        reject(new Error(`not seen within ${ms} ms; last was ${JSON.stringify(this.content)}`));
      }, ms);
      const check = () => {
        if (!condition(this)) return;
        clearTimeout(timer);
        this.#wakes.delete(check);
        resolve();
      };
      this.#wakes.add(check);
      check();
    });
  }

  stop(): void {
    this.#abort.abort();
  }

  #wake(): void {
    for (const check of this.#wakes) check();
  }
}
