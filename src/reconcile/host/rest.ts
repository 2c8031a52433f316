/**
 * When containers have come and gone for a while: removing a link holds the kernel, and with it every call of the engine,
 * for some 20 ms, so it waits for such a moment. Never for long: a network may have no such moment.
 */

interface Busy {
  /** By performance.now(). */
  readonly since: number;
  last: number;
  timer?: NodeJS.Timeout | undefined;
  /** Who waits was told: whatever comes meanwhile, it is his turn. */
  isOwed: boolean;
}

export class Rest<K> {
  private readonly keys = new Map<K, Busy>();
  private isOver = false;

  constructor(
    private readonly quietMs: number,
    private readonly longestMs: number,
    private readonly onDue: (key: K) => void,
  ) {}

  /** Somebody comes or goes. */
  disturb(key: K): void {
    const now = performance.now();
    const busy = this.keys.get(key);
    const isOver = busy?.timer === undefined && !busy?.isOwed && (busy === undefined || this.dueOf(busy) <= now);
    if (busy === undefined || isOver) this.keys.set(key, { since: now, last: now, isOwed: false });
    else busy.last = now;
  }

  /** False while it waits; whoever waits is told when it is over. */
  isDue(key: K): boolean {
    const busy = this.keys.get(key);
    if (busy === undefined || this.isOver) return true;
    const left = this.dueOf(busy) - performance.now();
    const isOwed = busy.isOwed;
    busy.isOwed = false;
    if (isOwed || left <= 0) {
      clearTimeout(busy.timer);
      busy.timer = undefined;
      return true;
    }
    busy.timer ??= setTimeout(() => this.look(key, busy), left + 1).unref();
    return false;
  }

  /** Those that somebody waits for. */
  get waiting(): readonly K[] {
    return [...this.keys].flatMap(([key, { timer }]) => (timer === undefined ? [] : [key]));
  }

  /** Nothing waits any more. */
  end(): void {
    this.isOver = true;
  }

  forget(key: K): void {
    clearTimeout(this.keys.get(key)?.timer);
    this.keys.delete(key);
  }

  stop(): void {
    for (const { timer } of this.keys.values()) clearTimeout(timer);
  }

  private look(key: K, busy: Busy): void {
    busy.timer = undefined;
    busy.isOwed = this.dueOf(busy) <= performance.now();
    if (busy.isOwed) this.onDue(key);
    else this.isDue(key);
  }

  private dueOf({ since, last }: Busy): number {
    return Math.min(last + this.quietMs, since + this.longestMs);
  }
}
