/** Tells of nodes whose address is of the other family: no VXLAN device sends to both. */
import type { Logger } from 'pino';
import { beyondVxlan } from '../model/plan.js';
import type { Node, NodeAddress } from '../model/types.js';

export class Families {
  private told: ReadonlySet<NodeAddress> = new Set();

  constructor(
    private readonly self: NodeAddress,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** One line for each such node, once while it is there. */
  look(nodes: Iterable<Node>): void {
    const strangers = beyondVxlan(nodes, this.self);
    for (const { address, hostname } of strangers) {
      if (this.told.has(address)) continue;
      this.log.warn(
        `host ${hostname} advertises ${address} and this host ${this.self}: containers of the two cannot reach each other; set CLUSTER_ADVERTISE to addresses of one family on all hosts`,
      );
    }
    this.told = new Set(strangers.map((n) => n.address));
  }
}
