/** Networks that the engine listed a moment ago and lists no more: it may be about to remove them. */
import type { NetworkId } from '../../model/values/types.js';

export class Leaving {
  private here: ReadonlySet<NetworkId> = new Set();
  /** When each was first missed, by performance.now(). */
  private readonly since = new Map<NetworkId, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly forMs: number,
    /** Called when it is time to look again. */
    private readonly again: () => void,
  ) {}

  /** Takes what the engine lists now; gives those missed for less than `forMs`. */
  look(listed: readonly NetworkId[]): ReadonlySet<NetworkId> {
    const now = performance.now();
    const next = new Set(listed);
    for (const id of this.here) if (!next.has(id)) this.since.set(id, now);
    for (const [id, at] of this.since) if (next.has(id) || now - at >= this.forMs) this.since.delete(id);
    this.here = next;
    if (this.since.size > 0) this.timer ??= setTimeout(() => this.wake(), this.forMs).unref();
    return new Set(this.since.keys());
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private wake(): void {
    this.timer = undefined;
    this.again();
  }
}
