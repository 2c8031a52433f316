/** The typed records below one watched prefix, always as one whole. */
import type { Entry, Snapshot } from '../model/ports.js';
import type { Report } from './records.js';

interface Row<K, V> {
  readonly entry: Entry;
  /** The last entry of the key that could be read, and its record; undefined when there never was one. */
  readonly readable: { readonly entry: Entry; readonly record: readonly [K, V] } | undefined;
}

const same = (a: Entry, b: Entry): boolean => a.index === b.index && a.held === b.held && a.value === b.value;

/**
 * Invariant: `records` keeps its identity while nothing in it changes, and each record while its entry does not; so
 * whoever compares by identity finds what is new, and only that was parsed.
 *
 * A record that became garbage, or a newer release's, stays as it was last read: it is there, and what is running
 * depends on it. It goes with its key.
 */
export class PrefixView<K, V> {
  #rows = new Map<string, Row<K, V>>();
  #records: ReadonlyMap<K, V> = new Map();
  #index: number | undefined;
  #error: Error | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly parse: (entry: Entry, report?: Report) => readonly [K, V] | undefined,
    /** Told of entries that are no records. */
    private readonly report?: Report,
    /** What an earlier process of this host last read of a key. */
    private readonly remembered: (key: string) => Entry | undefined = () => undefined,
  ) {}

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
    return [...this.#rows.values()].flatMap((row) => row.readable?.entry ?? []);
  }

  /** Keys that are there and of which nothing is known. */
  get unreadable(): readonly string[] {
    return [...this.#rows].flatMap(([key, row]) => (row.readable === undefined ? [key] : []));
  }

  /** Entries whose records are here and missing in the snapshot. */
  missing(snapshot: Snapshot): readonly Entry[] {
    if (this.#rows.size === 0) return [];
    const keys = new Set(snapshot.entries.map((entry) => entry.key));
    return [...this.#rows].flatMap(([key, row]) => (keys.has(key) ? [] : (row.readable?.entry ?? [])));
  }

  /**
   * True when a record is different now, or this was the first snapshot. What the snapshot lacks stays if `keeps` says
   * so: for a store whose removals are not believed (see belief.ts).
   */
  apply(snapshot: Snapshot, keeps: (key: string) => boolean = () => false): boolean {
    const first = this.#index === undefined;
    const rows = new Map<string, Row<K, V>>([...this.#rows].filter(([key]) => keeps(key)));
    let changed = first;
    for (const entry of snapshot.entries) {
      const known = this.#rows.get(entry.key);
      const row = known !== undefined && same(known.entry, entry) ? known : this.#read(entry, known);
      rows.set(entry.key, row);
      changed ||= row.readable !== known?.readable;
    }
    for (const [key, row] of this.#rows) changed ||= row.readable !== undefined && !rows.has(key);
    this.#rows = rows;
    this.#index = snapshot.index;
    this.#error = undefined;
    if (changed)
      this.#records = new Map([...rows.values()].flatMap((row) => (row.readable ? [row.readable.record] : [])));
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

  #read(entry: Entry, known: Row<K, V> | undefined): Row<K, V> {
    const record = this.parse(entry, this.report);
    if (record !== undefined) return { entry, readable: { entry, record } };
    if (known !== undefined) return { entry, readable: known.readable };
    const before = this.remembered(entry.key);
    const old = before && this.parse(before);
    return { entry, readable: before && old && { entry: before, record: old } };
  }
}
