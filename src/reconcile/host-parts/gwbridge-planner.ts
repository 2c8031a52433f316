/** docker_gwbridge follows the settings, the underlay and what it was like before somebody removed it. */
import {
  type GwbridgeMemory,
  type GwbridgePlan,
  type ObservedGwbridge,
  planGwbridge,
  remember,
} from '../../model/host/gwbridge.js';
import type { HostFacts } from '../../model/ports/kernel-port.js';
import type { GwbridgeWish } from '../../model/values/settings.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Planner } from './planner.js';

export interface GwbridgePlannerParts {
  readonly wish: GwbridgeWish;
  readonly view: Pick<ClusterView, 'current'>;
  /** As last seen; whoever sees others says so, see {@link Planner.onNews}. */
  readonly facts: () => Pick<HostFacts, 'underlayMtu' | 'routes'>;
}

export class GwbridgePlanner implements Planner<'gwbridge'> {
  private memory: GwbridgeMemory = { isLost: false };

  constructor(private readonly parts: GwbridgePlannerParts) {}

  plan(found: ObservedGwbridge): GwbridgePlan {
    const { wish, view, facts } = this.parts;
    this.memory = remember(this.memory, found);
    return planGwbridge({ wish, ...facts(), networks: view.current.networks.values() }, this.memory, found);
  }

  onNews(): void {}

  refresh(): void {}

  stop(): void {}
}
