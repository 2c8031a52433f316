/** What each namespace was last made into, and what of it the kernel tells to be damaged. */
import { damage, type Notice } from '../../model/diff/drift.js';
import { PeerIndex } from '../../model/diff/peer-index.js';
import type { NamespacePlan } from '../../model/plan/namespace-plan.js';
import type { NamespaceName } from '../../model/values/types.js';

export class Plans {
  private readonly plans = new Map<NamespaceName, NamespacePlan>();
  private readonly indexes = new Map<NamespaceName, PeerIndex>();

  get(name: NamespaceName): NamespacePlan | undefined {
    return this.plans.get(name);
  }

  set(name: NamespaceName, plan: NamespacePlan): void {
    this.plans.set(name, plan);
  }

  delete(name: NamespaceName): void {
    this.plans.delete(name);
    this.indexes.delete(name);
  }

  /** The first of the notices that tells of another state than the plan's; undefined when all is as planned. */
  damaged(name: NamespaceName, notices: readonly Notice[]): string | undefined {
    const wanted = this.plans.get(name);
    if (wanted === undefined) return undefined;
    const index = this.indexes.get(name) ?? new PeerIndex();
    this.indexes.set(name, index.follow(wanted.peers));
    for (const notice of notices) {
      const found = damage(wanted, notice, index);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
