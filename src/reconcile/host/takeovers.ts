/** Tells the containers of this host at once when an address has another MAC: else they send to the old one for 7 to 24 s. */
import type { Logger } from 'pino';
import { messageOf } from '../../errors.js';
import { Bearers } from '../../model/diff/takeover.js';
import type { NamespacePlan } from '../../model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../model/plan/observed.js';
import type { HostKernel } from '../../model/ports/ports.js';
import type { NamespaceName } from '../../model/values/types.js';

/** As many are said at once: a frame of each goes to every container of the network here. */
const MOST = 256;

export class Takeovers {
  private readonly bearers = new Map<NamespaceName, Bearers>();

  constructor(
    private readonly kernel: Pick<HostKernel, 'announce'>,
    private readonly log: Logger,
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
      this.log.debug({ namespace: name, others }, 'addresses have other cards than before');
    } catch (e) {
      this.log.warn(
        { namespace: name, err: messageOf(e) },
        'an address has another card than before, and nobody was told',
      );
    }
  }

  forget(name: NamespaceName): void {
    this.bearers.delete(name);
  }

  private of(name: NamespaceName): Bearers {
    const known = this.bearers.get(name) ?? new Bearers();
    this.bearers.set(name, known);
    return known;
  }
}
