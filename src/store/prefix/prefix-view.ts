/** The typed records below one prefix, kept by whole snapshots or part by part. */
import type { Entry, Snapshot } from '../../model/ports/ports.js';
import { edited } from '../../model/values/edition.js';
import { isStill, type Row } from '../records/row.js';
import { Places } from './places.js';
import { RowReader, type RowReaderParts } from './row-reader.js';
import { Waiters } from './waiters.js';

/** What was read of a prefix at one moment: all of it, or what `within` names: a prefix with a slash at its end, or keys. */
export interface Part extends Snapshot {
  readonly within?: string | readonly string[];
  /** All changes up to this index are in this part and in those before it; what is whole tells by its own index. */
  readonly upTo?: number;
}

/**
 * Invariant: `records` keeps its identity while nothing in it changes, and each record while its entry does not; so
 * whoever compares by identity finds what is new, and only that was parsed.
 *
 * A record that became garbage, or a newer release's, stays as it was last read: it is there, and what is running
 * depends on it. It goes with its key, and that when {@link drop} says so (see removal-trust.ts).
 */
export class PrefixView<K, V> {
  readonly #rows = new Map<string, Row<K, V>>();
  /** Keys of rows that the store did not have when it was last asked. */
  readonly #gone = new Set<string>();
  #records: ReadonlyMap<K, V> = new Map();
  readonly #places = new Places(this.#rows);
  /** Of the last whole snapshot, and of the last one all of which is believed. */
  #index: number | undefined;
  #believed: number | undefined;
  #error: Error | undefined;
  readonly #waiting = new Waiters();
  readonly #reader: RowReader<K, V>;

  constructor(parts: RowReaderParts<K, V>) {
    this.#reader = new RowReader(parts);
  }

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

  /** Of all rows. */
  get keys(): Iterable<string> {
    return this.#rows.keys();
  }

  /** Whether there is a row of this key that is not gone. */
  has(key: string): boolean {
    return this.#rows.has(key) && !this.#gone.has(key);
  }

  /** As the store had it when it was last asked. */
  entry(key: string): Entry | undefined {
    return this.#gone.has(key) ? undefined : this.#rows.get(key)?.entry;
  }

  /** Keys that are there and of which nothing is known. */
  get unreadable(): readonly string[] {
    return [...this.#rows].flatMap(([key, row]) => (row.readable === undefined ? [key] : []));
  }

  /** Keys whose record as it is now cannot be read, or does not hold. */
  unsettled(isSettled: (record: V) => boolean): readonly string[] {
    return [...this.#rows].flatMap(([key, { entry, readable }]) =>
      readable?.entry === entry && isSettled(readable.record[1]) ? [] : [key],
    );
  }

  /** Keys that are here and no more in the store. */
  get gone(): ReadonlySet<string> {
    return this.#gone;
  }

  /** The entries behind the records of these keys. */
  readable(keys: Iterable<string>): readonly Entry[] {
    return [...keys].flatMap((key) => this.#rows.get(key)?.readable?.entry ?? []);
  }

  /**
   * Takes over what was read; what that lacks is marked as gone and stays. True when a record is different now, or this
   * was the first whole snapshot. Parts must come in the order in which the store was asked for them.
   */
  apply(part: Part): boolean {
    const first = this.#index === undefined;
    const changed = new Map<string, Row<K, V>>();
    for (const entry of part.entries) {
      const known = this.#rows.get(entry.key);
      this.#gone.delete(entry.key);
      if (known !== undefined && isStill(known, entry)) continue;
      changed.set(entry.key, this.#reader.read(entry, known, first));
    }
    const found = new Set(part.entries.map((entry) => entry.key));
    for (const key of this.#within(part.within)) if (!found.has(key)) this.#gone.add(key);
    if (part.within === undefined) this.#index = part.index;
    else if (this.#index !== undefined && part.upTo !== undefined) this.#index = Math.max(this.#index, part.upTo);
    this.#error = undefined;
    const isNew = this.#adopt(changed, part.within === undefined);
    if (this.#gone.size === 0) this.settle();
    else this.#waiting.wake();
    return isNew || (first && this.loaded);
  }

  /** What was read last is all that will come of it: what is gone went, or stays for now. */
  settle(): void {
    this.#believed = this.#index;
    this.#waiting.wake();
  }

  /** Forgets these keys, where the store still lacked them when it was last asked. True when a record went. */
  drop(keys: Iterable<string>): boolean {
    const lost = new Set<K>();
    for (const key of keys) {
      if (!this.#gone.delete(key)) continue;
      this.#reader.over(key);
      const [id] = this.#rows.get(key)?.readable?.record ?? [];
      this.#rows.delete(key);
      if (id !== undefined && this.#places.remove(id, key)) lost.add(id);
    }
    if (lost.size > 0) {
      const changes = new Map<K, V | undefined>();
      this.#places.lose(lost, changes);
      this.#records = edited(this.#records, changes);
    }
    if (this.#gone.size === 0) this.settle();
    return lost.size > 0;
  }

  /** These keys stand again: this host has just put them back. */
  restore(keys: Iterable<string>): void {
    for (const key of keys) this.#gone.delete(key);
  }

  /** True when what is here contains every change up to `index`. */
  covers(index: number): boolean {
    return this.#believed !== undefined && this.#believed >= index;
  }

  /** True when what is here is what a fresh read of all gave, or newer. */
  isAsNewAs(fresh: Snapshot): boolean {
    if (this.covers(fresh.index)) return true;
    return (
      this.loaded &&
      this.#gone.size === 0 &&
      fresh.entries.length === this.#rows.size &&
      fresh.entries.every((entry) => {
        const row = this.#rows.get(entry.key);
        return row !== undefined && isStill(row, entry);
      })
    );
  }

  /** Resolves at the next snapshot or part of one, or after `ms`. */
  next(ms: number): Promise<void> {
    return this.#waiting.next(ms);
  }

  #within(place: Part['within']): readonly string[] {
    if (typeof place === 'object') return place.filter((key) => this.#rows.has(key));
    return [...this.#rows.keys()].filter((key) => place === undefined || key.startsWith(place));
  }

  /** True when a record is different now. */
  #adopt(changed: ReadonlyMap<string, Row<K, V>>, isWhole: boolean): boolean {
    if (changed.size === 0) return false;
    const changes = new Map<K, V | undefined>();
    let isNew = false;
    for (const [key, row] of changed) {
      const before = this.#rows.get(key)?.readable;
      this.#rows.set(key, row);
      if (row.readable !== before && this.#places.show(key, changes)) isNew = true;
    }
    if (isNew) this.#records = isWhole ? this.#places.inOrder() : edited(this.#records, changes);
    return isNew;
  }
}
