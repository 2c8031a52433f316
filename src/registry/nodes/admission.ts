/** Which nodes count as members of the cluster: those with a record, and for a moment those that had one. */
import type { Node, NodeId } from '../../model/values/types.js';

/** A node that is gone stays admitted for so long, ms: in a store that was replaced all are gone for a moment. */
const GRACE_MS = 10_000;

/** The members with what was last known of each. */
export type Admitted = ReadonlyMap<NodeId, Node>;

interface Seen {
  readonly node: Node;
  /** When it was last in the cluster. */
  readonly at: number;
}

export class Admission {
  private readonly seen = new Map<NodeId, Seen>();
  private admitted: Admitted = new Map();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    /** Called when somebody's time may be over: it is time to look again. */
    private readonly again: () => void,
  ) {}

  /** Takes the nodes that there are now; gives those admitted, the same map while they are the same at the same addresses. */
  look(nodes: Admitted): Admitted {
    const now = performance.now();
    for (const [id, node] of nodes) this.seen.set(id, { node, at: now });
    for (const [id, { at }] of this.seen) if (now - at >= GRACE_MS) this.seen.delete(id);
    if ([...this.seen.values()].some(({ at }) => at < now)) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.again(), GRACE_MS).unref();
    }
    if (!this.isSame()) this.admitted = new Map([...this.seen].map(([id, { node }]) => [id, node]));
    return this.admitted;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private isSame(): boolean {
    const { seen, admitted } = this;
    return (
      seen.size === admitted.size && [...seen].every(([id, { node }]) => admitted.get(id)?.address === node.address)
    );
  }
}
