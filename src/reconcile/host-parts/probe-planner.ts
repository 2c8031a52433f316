/** The probe network follows the cluster, the underlay, and who is probed now. */
import { othersOf, type ProbePlan, type ProbeSurroundings, planProbe, probeTrouble } from '../../model/host/probe.js';
import { OFF, type Off } from '../../model/host/standing.js';
import type { HostFacts } from '../../model/ports/kernel-port.js';
import type { Cluster, NodeAddress } from '../../model/values/types.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Planner } from './planner.js';

/** A way stays so long after somebody has asked for it last, ms. */
const STAY_MS = 60_000;

export interface ProbePlannerParts {
  readonly self: NodeAddress;
  /** UDP, of VXLAN. */
  readonly port: number;
  readonly view: Pick<ClusterView, 'current'>;
  readonly facts: () => Pick<HostFacts, 'underlayMtu'>;
}

export class ProbePlanner implements Planner<'probe'> {
  /** Who is to be reached, and until when. */
  private readonly wanted = new Map<NodeAddress, number>();
  private planned: ProbePlan | Off | undefined;
  /** The nodes that {@link others} was made of. */
  private seen: { readonly nodes: Cluster['nodes']; readonly others: ReadonlySet<string> } | undefined;

  constructor(private readonly parts: ProbePlannerParts) {}

  /** The plan that was made last; undefined before the cluster was read. */
  get plannedLast(): ProbePlan | Off | undefined {
    return this.planned;
  }

  /** Why there is no probe network, as the end of a sentence; undefined when there is to be one. */
  get trouble(): string | undefined {
    const trouble = probeTrouble(this.surroundings());
    return trouble === undefined || this.parts.view.current.complete ? trouble : 'the cluster is not read yet';
  }

  /** From the next pass on there is a way to those of these that are nodes, for a minute. True when it takes a pass. */
  want(peers: readonly NodeAddress[]): boolean {
    const until = performance.now() + STAY_MS;
    const others = peers.filter((peer) => this.isNode(peer));
    for (const peer of others) this.wanted.set(peer, until);
    const { planned } = this;
    return typeof planned !== 'object' || others.some((peer) => !planned.peers.has(peer));
  }

  /** Whether another node that this host can send to has the address. */
  isNode(address: string): address is NodeAddress {
    const { nodes } = this.parts.view.current;
    if (this.seen?.nodes !== nodes) this.seen = { nodes, others: othersOf({ self: this.parts.self, nodes }) };
    return this.seen.others.has(address);
  }

  plan(): ProbePlan | Off | undefined {
    const now = performance.now();
    for (const [peer, until] of this.wanted) if (until <= now) this.wanted.delete(peer);
    const plan = planProbe(this.surroundings(), this.wanted.keys());
    // Half a cluster, or the copy of one, has hosts to probe, but does not say that there are none.
    this.planned = plan === OFF && !this.parts.view.current.complete ? undefined : plan;
    return this.planned;
  }

  onNews(): void {}

  refresh(): void {}

  stop(): void {}

  private surroundings(): ProbeSurroundings {
    const { self, port, view, facts } = this.parts;
    const { nodes, networks } = view.current;
    return { self, port, underlayMtu: facts().underlayMtu, nodes, networks };
  }
}
