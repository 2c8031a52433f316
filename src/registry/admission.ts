/** Which nodes count as members of the cluster: those with a record, and for a moment those that had one. */
import type { NodeAddress } from '../model/types.js';

/** A node that is gone stays admitted for so long, ms: in a store that was replaced all are gone for a moment. */
const GRACE_MS = 10_000;

export class Admission {
  /** When each node was last in the cluster. */
  private readonly seen = new Map<NodeAddress, number>();
  private admitted: ReadonlySet<NodeAddress> = new Set();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    /** Called when somebody's time may be over: it is time to look again. */
    private readonly again: () => void,
  ) {}

  /** Takes the nodes that there are now; gives those admitted, the same set while they are the same. */
  look(nodes: Iterable<NodeAddress>): ReadonlySet<NodeAddress> {
    const now = performance.now();
    for (const node of nodes) this.seen.set(node, now);
    for (const [node, at] of this.seen) if (now - at >= GRACE_MS) this.seen.delete(node);
    if ([...this.seen.values()].some((at) => at < now)) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.again(), GRACE_MS).unref();
    }
    const same = this.seen.size === this.admitted.size && [...this.seen.keys()].every((n) => this.admitted.has(n));
    if (!same) this.admitted = new Set(this.seen.keys());
    return this.admitted;
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
