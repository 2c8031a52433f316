/**
 * The work of all containers, one piece of each in turn, for a few milliseconds per turn of the event loop: however
 * much one of them has asked, the others wait for one piece of its work and not for all.
 */

/** Milliseconds of work at once; then whatever else the process has to do comes first. */
const SLICE_MS = 4;
export class Turns {
  private readonly queues = new Map<object, (() => void)[]>();
  private due = false;

  /** Queues work of `owner`; it may not throw. It is done in a turn of the event loop to come, in the owner's order. */
  add(owner: object, work: () => void): void {
    const queue = this.queues.get(owner);
    if (queue) queue.push(work);
    else this.queues.set(owner, [work]);
    this.soon();
  }

  waiting(owner: object): number {
    return this.queues.get(owner)?.length ?? 0;
  }

  /** Forgets what the owner has queued. */
  drop(owner: object): void {
    this.queues.delete(owner);
  }

  private soon(): void {
    if (this.due) return;
    this.due = true;
    setImmediate(() => {
      this.due = false;
      this.run();
    });
  }

  private run(): void {
    const end = performance.now() + SLICE_MS;
    for (const [owner, queue] of this.queues) {
      const work = queue.shift();
      // Whoever has more goes behind all others: a Map's walk comes to what is put in during it.
      this.queues.delete(owner);
      if (queue.length > 0) this.queues.set(owner, queue);
      work?.();
      if (performance.now() >= end) break;
    }
    if (this.queues.size > 0) this.soon();
  }
}
