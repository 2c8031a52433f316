/**
 * Since when this process has known of things, by the clock that nobody sets: a record's own date is the wall clock's,
 * which may be put forward or back by hours, and what is being made just now must never look old.
 */
export class Ages<K> {
  private readonly at = new Map<K, number>();

  /** It begins, or begins anew. */
  begin(key: K): void {
    this.at.set(key, performance.now());
  }

  end(key: K): void {
    this.at.delete(key);
  }

  get keys(): Iterable<K> {
    return this.at.keys();
  }

  /** False for what an earlier process made. */
  has(key: K): boolean {
    return this.at.has(key);
  }

  /** Milliseconds; what an earlier process made is as old as this one. */
  age(key: K): number {
    return performance.now() - (this.at.get(key) ?? 0);
  }
}
