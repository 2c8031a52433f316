/** The fence follows the cluster's encrypted networks. */
import { type EncryptionFencePlan, planEncryptionFence } from '../../model/host/encryption-fence.js';
import { OFF, type Off, type Standing } from '../../model/host/standing.js';
import type { Cluster } from '../../model/values/types.js';
import type { Planner } from './planner.js';

export interface EncryptionFencePlannerParts {
  readonly view: { readonly current: Pick<Cluster, 'complete' | 'networks'> };
}

export class EncryptionFencePlanner implements Planner<'encryptionFence'> {
  constructor(private readonly parts: EncryptionFencePlannerParts) {}

  /** Of half a cluster nothing is believed to be gone. */
  plan(found: Standing<EncryptionFencePlan>): EncryptionFencePlan | Off | undefined {
    const { networks, complete } = this.parts.view.current;
    const wanted = planEncryptionFence(networks);
    if (complete || found === undefined || found === 'other') return wanted === OFF && !complete ? undefined : wanted;
    const before = new Set(found.subnets);
    const more = wanted === OFF ? [] : wanted.subnets.filter((subnet) => !before.has(subnet));
    return { subnets: [...found.subnets, ...more].sort() };
  }

  onNews(): void {}

  refresh(): void {}

  stop(): void {}
}
