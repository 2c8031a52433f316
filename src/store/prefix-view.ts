/** The typed records below one watched prefix, always as one whole. */
import type { Entry, Snapshot } from '../model/ports.js';

interface Row<K, V> {
  readonly entry: Entry;
  /** Undefined for an entry that is no record we know. */
  readonly record: readonly [K, V] | undefined;
}

const same = (a: Entry, b: Entry): boolean => a.index === b.index && a.held === b.held && a.value === b.value;

/**
 * Invariant: `records` keeps its identity while nothing in it changes, and each record while its entry does not; so
 * whoever compares by identity finds what is new, and only that was parsed.
 */
export class PrefixView<K, V> {
  #rows = new Map<string, Row<K, V>>();
  #records: ReadonlyMap<K, V> = new Map();
  #index: number | undefined;
  #error: Error | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(private readonly parse: (entry: Entry) => readonly [K, V] | undefined) {}

  get records(): ReadonlyMap<K, V> {
    return this.#records;
  }

  get loaded(): boolean {
    return this.#index !== undefined;
  }

  /** Why the store did not answer last time; undefined while it does. */
  get error(): Error | undefined {
    return this.#error;
  }

  fail(error: Error): void {
    this.#error = error;
  }

  /** The entries behind the records, for the copy that outlives the process. */
  get entries(): readonly Entry[] {
    return [...this.#rows.values()].map((row) => row.entry);
  }

  /** True when a record that is here is missing in the snapshot. */
  takesAway(snapshot: Snapshot): boolean {
    if (this.#rows.size === 0) return false;
    const keys = new Set(snapshot.entries.map((entry) => entry.key));
    return [...this.#rows].some(([key, row]) => row.record !== undefined && !keys.has(key));
  }

  /**
   * True when a record is different now, or this was the first snapshot. With `keep`, what the snapshot lacks stays:
   * for a store whose removals are not believed (see belief.ts).
   */
  apply(snapshot: Snapshot, keep = false): boolean {
    const first = this.#index === undefined;
    const rows = new Map<string, Row<K, V>>(keep ? this.#rows : []);
    let changed = first;
    for (const entry of snapshot.entries) {
      const known = this.#rows.get(entry.key);
      const kept = known !== undefined && same(known.entry, entry);
      const row = kept ? known : { entry, record: this.parse(entry) };
      rows.set(entry.key, row);
      changed ||= !kept && (row.record ?? known?.record) !== undefined;
    }
    for (const [key, row] of this.#rows) changed ||= row.record !== undefined && !rows.has(key);
    this.#rows = rows;
    this.#index = snapshot.index;
    this.#error = undefined;
    if (changed) this.#records = new Map([...rows.values()].flatMap((row) => (row.record ? [row.record] : [])));
    for (const wake of this.#waiting) wake();
    return changed;
  }

  /** True when what is here contains every change up to `index`. */
  covers(index: number): boolean {
    return this.#index !== undefined && this.#index >= index;
  }

  /** True when what is here is what a fresh read gave, or newer. */
  isAsNewAs(fresh: Snapshot): boolean {
    if (this.covers(fresh.index)) return true;
    return (
      this.loaded &&
      fresh.entries.length === this.#rows.size &&
      fresh.entries.every((entry) => {
        const row = this.#rows.get(entry.key);
        return row !== undefined && same(row.entry, entry);
      })
    );
  }

  /** Resolves at the next snapshot, or after `ms`. */
  next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }
}
