/** Tells the containers of this host at once when an address has another MAC: else they send to the old one for 7 to 24 s. */
import { messageOf } from '../../errors.js';
import type { Reason } from '../../health/entry.js';
import type { Log } from '../../health/events.js';
import type { RowsOf } from '../../health/row.js';
import { Bearers } from '../../model/diff/takeover.js';
import type { NamespacePlan } from '../../model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../model/plan/observed.js';
import type { NetworksKernel } from '../../model/ports/kernel-port.js';
import type { NamespaceName } from '../../model/values/types.js';

/** As many are said at once: a frame of each goes to every container of the network here. */
const MOST = 256;

export class Takeovers {
  private readonly bearers = new Map<NamespaceName, Bearers>();

  constructor(
    private readonly kernel: Pick<NetworksKernel, 'announce'>,
    private readonly log: Log,
    private readonly rows: RowsOf<Reason>,
  ) {}

  /** As the kernel has it before a first pass: what has changed while nobody was here is to be told, too. */
  remember(name: NamespaceName, found: ObservedNamespace | undefined): void {
    if (found === undefined || this.bearers.has(name)) return;
    this.of(name).remember(found.neighbours);
  }

  /** The namespace is as planned now. Never rejects: who is not told finds out by himself. */
  async follow(name: NamespaceName, plan: NamespacePlan): Promise<void> {
    const others = this.of(name).follow(plan);
    if (others.length === 0) return;
    try {
      await this.kernel.announce(name, others.slice(0, MOST));
      this.log.debug({ event: 'takeover', namespace: name, others }, 'addresses have other cards than before');
      this.rows.row(name).ok();
    } catch (e) {
      this.rows.row(name).failing({ reason: messageOf(e) });
    }
  }

  forget(name: NamespaceName): void {
    this.bearers.delete(name);
    this.rows.row(name).gone();
  }

  private of(name: NamespaceName): Bearers {
    const known = this.bearers.get(name) ?? new Bearers();
    this.bearers.set(name, known);
    return known;
  }
}
