/**
 * Maps that never change, of which each follows from the one before by a few changes: that costs the changes, not a copy
 * of thousands. The newest edition has the entries; an older one knows what the newer ones have changed since (the
 * rerooting of H. Baker, "Shallow binding makes functional arrays fast", 1991). So the newest is as fast as a Map, and
 * what differs between two is known without a look at the rest.
 */

/** What becomes of a key: undefined takes it out. */
export type Changes<K, V> = ReadonlyMap<K, V | undefined>;

/** Fewer entries are copied: that is cheaper than keeping account. */
const FEW = 64;

export class Edition<K, V> implements ReadonlyMap<K, V> {
  /** Of the newest alone. */
  private entriesNow: Map<K, V> | undefined;
  private newer: Edition<K, V> | undefined;
  /** What was here under the keys that have been changed up to `newer`. */
  private former = new Map<K, V | undefined>();

  private constructor(
    entries: Map<K, V>,
    readonly size: number,
    /** The same for all that follow from each other. */
    readonly line: object,
  ) {
    this.entriesNow = entries;
  }

  /** `entries` are nobody else's from now on. */
  static of<K, V>(entries: Map<K, V>): ReadonlyMap<K, V> {
    return entries.size <= FEW ? entries : new Edition(entries, entries.size, {});
  }

  /** A key that was there keeps its place. */
  with(changes: Changes<K, V>): Edition<K, V> {
    const entries = this.entriesNow ?? new Map(this.materialized());
    const isNewest = entries === this.entriesNow;
    const former = new Map<K, V | undefined>();
    for (const [key, value] of changes) {
      former.set(key, entries.get(key));
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
    const next = new Edition(entries, entries.size, isNewest ? this.line : {});
    if (isNewest) {
      this.entriesNow = undefined;
      this.newer = next;
      this.former = former;
    }
    return next;
  }

  /** The keys that may differ in a newer edition; undefined when that one is none, or comparing all is cheaper. */
  changedIn(other: Edition<K, V>): ReadonlySet<K> | undefined {
    if (this.line !== other.line) return undefined;
    const changed = new Set<K>();
    let at: Edition<K, V> = this;
    while (at !== other) {
      if (at.newer === undefined || changed.size > this.size) return undefined;
      for (const key of at.former.keys()) changed.add(key);
      at = at.newer;
    }
    return changed;
  }

  get(key: K): V | undefined {
    if (this.entriesNow !== undefined) return this.entriesNow.get(key);
    const newest = this.shorten();
    return this.former.has(key) ? this.former.get(key) : newest.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  entries(): MapIterator<[K, V]> {
    return this.materialized().entries();
  }

  keys(): MapIterator<K> {
    return this.materialized().keys();
  }

  values(): MapIterator<V> {
    return this.materialized().values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(look: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.materialized()) look(value, key, this);
  }

  /** However many editions came after this one, what they changed is one step from now on. */
  private shorten(): Edition<K, V> {
    let newest: Edition<K, V> = this;
    for (let at = this.newer; at !== undefined; at = at.newer) {
      if (newest !== this)
        for (const [key, value] of newest.former) if (!this.former.has(key)) this.former.set(key, value);
      newest = at;
    }
    this.newer = newest;
    return newest;
  }

  private materialized(): ReadonlyMap<K, V> {
    if (this.entriesNow !== undefined) return this.entriesNow;
    const entries = new Map(this.shorten().materialized());
    for (const [key, value] of this.former)
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    return entries;
  }
}

/** The map with these changes. The map itself stays as it is. */
export function edited<K, V>(all: ReadonlyMap<K, V>, changes: Changes<K, V>): ReadonlyMap<K, V> {
  if (changes.size === 0) return all;
  if (all instanceof Edition) return all.with(changes);
  const entries = new Map(all);
  for (const [key, value] of changes)
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  return Edition.of(entries);
}

/** The keys that may differ in what follows from `before`; undefined where that has to be found by comparing all. */
export const changedBetween = <K, V>(
  before: ReadonlyMap<K, V>,
  after: ReadonlyMap<K, V>,
): ReadonlySet<K> | undefined =>
  before instanceof Edition && after instanceof Edition ? before.changedIn(after) : undefined;

/** One object for all editions that follow from each other. */
export const lineOf = (all: ReadonlyMap<unknown, unknown>): object => (all instanceof Edition ? all.line : all);
