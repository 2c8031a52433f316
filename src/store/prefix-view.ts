/** The typed records below one watched prefix, always as one whole. */
import type { Entry, Snapshot } from '../model/ports.js';
import type { Report } from './records.js';

interface Row<K, V> {
  /** As the store has it; without its value where that is no record, for it may be anything and of any size. */
  readonly entry: Entry;
  /** Length of the value. */
  readonly size: number;
  /** The last entry of the key that could be read, and its record; undefined when there never was one. */
  readonly readable: { readonly entry: Entry; readonly record: readonly [K, V] } | undefined;
}

const isStill = <K, V>(row: Row<K, V>, entry: Entry): boolean => {
  const { index, held, everHeld, value } = row.entry;
  const same = index === entry.index && held === entry.held && everHeld === entry.everHeld;
  return same && row.size === entry.value.length && (value === entry.value || row.readable?.entry !== row.entry);
};

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
    private readonly parse: (entry: Entry, report?: Report) => V | undefined,
    private readonly keyOf: (record: V) => K,
    /** Told of entries that are no records. */
    private readonly report?: Report,
    /** What an earlier process of this host last read of a key. */
    private readonly remembered: (key: string) => Entry | undefined = () => undefined,
    /** Whether a record may have become this one. */
    private readonly follows: (before: V, after: V) => boolean = () => true,
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
      const row = known !== undefined && isStill(known, entry) ? known : this.#read(entry, known, first);
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
        return row !== undefined && isStill(row, entry);
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

  /** `first`: an earlier process may have known more. Later on, a key that was gone begins anew. */
  #read(entry: Entry, known: Row<K, V> | undefined, first: boolean): Row<K, V> {
    const size = entry.value.length;
    const record = this.parse(entry, this.report);
    const before = known === undefined ? this.#fromCopy(entry.key, first) : known.readable;
    if (record !== undefined && (before === undefined || this.follows(before.record[1], record)))
      return { entry, size, readable: { entry, record: [this.keyOf(record), record] } };
    if (record !== undefined) this.report?.(entry.key, 'has become another one under the same key', entry.index);
    return { entry: { ...entry, value: '' }, size, readable: before };
  }

  #fromCopy(key: string, first: boolean): Row<K, V>['readable'] {
    const entry = first ? this.remembered(key) : undefined;
    const record = entry && this.parse(entry);
    return entry && record && { entry, record: [this.keyOf(record), record] };
  }
}
