/**
 * How long each of several that wait at once was kept waiting by others than us. The kernel holds a lock of the whole host
 * while it waits for that of one namespace, so what began later waits for what began before it. Pure but for its clock.
 */
interface Wait {
  /** Since when none that began before it has been under way. */
  since: number;
}

export class Waits {
  /** In the order in which they began. */
  private readonly underWay = new Set<Wait>();

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** Begins one. What it gives is called once, at its end, and tells its own waiting, milliseconds. */
  begin(): () => number {
    const mine: Wait = { since: this.clock() };
    this.underWay.add(mine);
    return () => this.end(mine);
  }

  private end(mine: Wait): number {
    const now = this.clock();
    const [first] = this.underWay;
    this.underWay.delete(mine);
    if (first !== mine) return 0;
    const [next] = this.underWay;
    if (next !== undefined) next.since = now;
    return now - mine.since;
  }
}
