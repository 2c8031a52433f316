/** The guard of VXLAN's port follows the cluster's nodes and VXLAN ids. */
import type { Log } from '../../health/events.js';
import { OFF, type Off, type Standing } from '../../model/host/standing.js';
import type { ObservedVxlanGuard, VxlanGuardPlan } from '../../model/host/vxlan-guard.js';
import { planVxlanGuard } from '../../model/host/vxlan-guard.js';
import type { Cluster, NodeAddress } from '../../model/values/types.js';
import { Admission, type Admitted } from '../../registry/nodes/admission.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Planner } from './planner.js';

/** Between two warnings of the same, ms: what makes one is a container's to send. */
const QUIET_MS = 60_000;

export interface VxlanGuardPlannerParts {
  readonly view: Pick<ClusterView, 'current'>;
  readonly self: NodeAddress;
  /** False: the user's own firewall does it. */
  readonly isWanted: boolean;
  readonly log: Pick<Log, 'warn'>;
}

interface Made {
  /** What it was made of. */
  readonly nodes: Admitted;
  readonly networks: Cluster['networks'];
  readonly plan: VxlanGuardPlan;
}

export class VxlanGuardPlanner implements Planner<'vxlanGuard'> {
  private readonly admission = new Admission(() => this.tell());
  private tell: () => void = () => {};
  private made: Made | undefined;
  /** Datagrams that had come by another way when it was last told, and when; what was counted before is no news. */
  private strayed: { readonly count: number; readonly at: number } | undefined;

  constructor(private readonly parts: VxlanGuardPlannerParts) {}

  plan(found: Standing<ObservedVxlanGuard>): VxlanGuardPlan | Off | undefined {
    if (!this.parts.isWanted) return OFF;
    const { nodes, networks, complete } = this.parts.view.current;
    // With half a cluster, nodes would be locked out.
    if (!complete) return undefined;
    if (found !== undefined && found !== 'other') this.tellStrayed(found.strayed);
    return this.planFor(this.admission.look(nodes), networks);
  }

  onNews(listener: () => void): void {
    this.tell = listener;
  }

  refresh(): void {}

  stop(): void {
    this.admission.stop();
  }

  /** Put together only when nodes or networks are others than the last time. */
  private planFor(nodes: Admitted, networks: Cluster['networks']): VxlanGuardPlan {
    if (this.made?.nodes !== nodes || this.made.networks !== networks)
      this.made = { nodes, networks, plan: planVxlanGuard(this.parts.self, nodes.values(), networks) };
    return this.made.plan;
  }

  private tellStrayed(count: number): void {
    const now = performance.now();
    this.strayed ??= { count, at: Number.NEGATIVE_INFINITY };
    if (count <= this.strayed.count || now - this.strayed.at < QUIET_MS) return;
    this.parts.log.warn(
      { event: 'vxlan-strayed', datagrams: count - this.strayed.count },
      "dropped VXLAN with a node's address that did not come by the route to it: forged by a container, or answers take another way on this underlay, which VXLAN_GUARD=incoming is for",
    );
    this.strayed = { count, at: now };
  }
}
