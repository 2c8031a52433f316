/**
 * What is asked of one container's rules may wait for them, and the kernel has everybody on the host wait meanwhile. So
 * whoever has kept us waiting is left alone until that was a small share of the time.
 */

/** On a busy host each change takes as long, whoever's. */
const FREE_MS = 200;
/** Of what it took beyond that. */
const TIMES = 20;
const LONGEST_MS = 300_000;

export class Rest {
  private until = 0;

  constructor(private readonly clock: () => number = () => performance.now()) {}

  get isOver(): boolean {
    return this.clock() >= this.until;
  }

  /** Does the work, and begins a rest as it ends, however it ends. */
  async after<T>(work: () => Promise<T>): Promise<T> {
    const began = this.clock();
    try {
      return await work();
    } finally {
      const now = this.clock();
      this.until = Math.max(this.until, now + Math.min(TIMES * (now - began - FREE_MS), LONGEST_MS));
    }
  }
}
