/** The fence follows the cluster's encrypted networks. */
import { type EncryptionFencePlan, planEncryptionFence } from '../../model/host/encryption-fence.js';
import { OFF, type Off, type Standing } from '../../model/host/standing.js';
import type { Cluster } from '../../model/values/types.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import type { Planner } from './planner.js';

export interface EncryptionFencePlannerParts {
  readonly view: { readonly current: Pick<Cluster, 'networks'> };
  readonly tenure: Pick<Tenure, 'prunes'>;
}

export class EncryptionFencePlanner implements Planner<'encryptionFence'> {
  constructor(private readonly parts: EncryptionFencePlannerParts) {}

  /** Of half a cluster, or of what an old copy says, nothing is believed to be gone. */
  plan(found: Standing<EncryptionFencePlan>): EncryptionFencePlan | Off | undefined {
    const { view, tenure } = this.parts;
    const wanted = planEncryptionFence(view.current.networks);
    if (tenure.prunes || found === undefined) return wanted;
    // An earlier process's may be around more than is known now.
    if (found === 'other') return undefined;
    const before = new Set(found.subnets);
    const more = wanted === OFF ? [] : wanted.subnets.filter((subnet) => !before.has(subnet));
    return { subnets: [...found.subnets, ...more].sort() };
  }

  onNews(): void {}

  refresh(): void {}

  stop(): void {}
}
