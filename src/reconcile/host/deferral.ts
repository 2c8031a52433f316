/** What had better come a moment later. */

export class Deferral<K> {
  /** By performance.now(). */
  private readonly until = new Map<K, number>();

  constructor(private readonly ms: number) {}

  /** From now on, and not put off again and again while one reason follows the other. */
  put(key: K): void {
    if (this.left(key) < 0) this.until.set(key, performance.now() + this.ms);
  }

  /** How long it still waits, ms; nothing or less when it does not. */
  left(key: K): number {
    return (this.until.get(key) ?? Number.NEGATIVE_INFINITY) - performance.now();
  }

  get waiting(): readonly K[] {
    return [...this.until.keys()].filter((key) => this.left(key) > 0);
  }
}
