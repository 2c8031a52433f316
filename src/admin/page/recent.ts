/** Values that are good for a while. */
export class Recent<K, V> {
  private known: ReadonlyMap<K, { readonly at: number; readonly value: V }> = new Map();
  private list: readonly V[] = [];

  constructor(private readonly oldMs: number) {}

  /** The same list as long as nothing has changed. */
  get values(): readonly V[] {
    return this.list;
  }

  put(entries: readonly (readonly [K, V])[]): void {
    const at = performance.now();
    this.become(new Map([...this.known, ...entries.map(([key, value]) => [key, { at, value }] as const)]));
  }

  /** Forgets what is old, and all but those. */
  keepOnly(those: { has(key: K): boolean }): void {
    const now = performance.now();
    const kept = [...this.known].filter(([key, { at }]) => now - at < this.oldMs && those.has(key));
    if (kept.length !== this.known.size) this.become(new Map(kept));
  }

  private become(known: typeof this.known): void {
    this.known = known;
    this.list = [...known.values()].map(({ value }) => value);
  }
}
