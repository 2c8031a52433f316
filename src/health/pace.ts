/** How often something is done that others can cause without end: `burst` times at once, then once every `everyMs`. */
export class Pace {
  private left: number;
  private since: number;

  constructor(
    private readonly burst: number,
    private readonly everyMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.left = burst;
    this.since = now();
  }

  /** 0: it may be done now, and counts as done; else how long until it may, ms. */
  take(): number {
    const earned = (this.now() - this.since) / this.everyMs;
    this.left = Math.min(this.burst, this.left + earned);
    this.since = this.now();
    if (this.left < 1) return Math.ceil((1 - this.left) * this.everyMs);
    this.left--;
    return 0;
  }
}
