/** What the host has for networks with a way out of their own follows whether there are any. */
import type { Off } from '../../model/host/standing.js';
import { planUplinks, type UplinksPlan } from '../../model/host/uplinks.js';
import type { Cluster } from '../../model/values/types.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Planner } from './planner.js';

export class UplinksPlanner implements Planner<'uplinks'> {
  private made: { readonly of: Cluster['networks']; readonly plan: UplinksPlan | Off } | undefined;

  constructor(private readonly view: Pick<ClusterView, 'current'>) {}

  /** With half a cluster nothing is known of the other half. */
  plan(): UplinksPlan | Off | undefined {
    const { networks, complete } = this.view.current;
    if (!complete) return undefined;
    if (this.made?.of !== networks) this.made = { of: networks, plan: planUplinks(networks) };
    return this.made.plan;
  }

  onNews(): void {}

  refresh(): void {}

  stop(): void {}
}
