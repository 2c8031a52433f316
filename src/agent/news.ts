/** Who is told of what: the cluster's changes and the engine's events, and the passes that they concern. */
import { differing } from '../model/diff/differing.js';
import type { EngineEvent } from '../model/ports/engine-port.js';
import type { Cluster } from '../model/values/types.js';
import type { ClusterChange } from '../store/view/change-teller.js';
import type { Parts } from '../wiring/assemble.js';

export class News {
  /** The networks that were there at the last change. */
  private known: Cluster['networks'] = new Map();

  constructor(private readonly parts: Parts) {}

  /** What the parts tell each other from the first moment on. */
  connect(): void {
    const { tenure } = this.parts.ground;
    const { host, engine, containers } = this.parts.passes;
    this.parts.registry.peers.onChange((network) => host.kick(network));
    tenure.onTake(() => {
      // At a start that is the agent's to do, once all has been read.
      if (!tenure.prunes) return;
      host.kickAll();
      engine.kick();
      containers.kickAll();
    });
  }

  /** From now on the cluster's changes count. */
  followCluster(): void {
    const { view } = this.parts.cluster;
    this.known = view.current.networks;
    view.onChange((cluster, changed) => this.clusterChanged(cluster, changed));
  }

  /** From now on the engine's events count, and what happened before is looked for. */
  followEngine(signal: AbortSignal): void {
    const { docker, engine, containers, restarts, consulGuard, node } = this.parts.passes;
    const compare = () => {
      engine.kick();
      containers.kickAll();
      restarts.look();
      consulGuard.kick();
      node.kick();
    };
    docker.events((event) => this.engineTold(event), compare, signal);
  }

  private clusterChanged(cluster: Cluster, { networks, nodes, endpoints }: ClusterChange): void {
    const { host, engine, containers, node, mesh, fence, guard, findings } = this.parts.passes;
    const { membership, copy } = this.parts.cluster;
    const changed = differing(this.known, cluster.networks);
    this.known = cluster.networks;
    // News of networks without a changed record are of those that cannot be read.
    const about = networks && changed.length === 0 ? [...membership.networks] : changed;
    for (const id of new Set([...endpoints, ...about.filter((n) => membership.networks.has(n))])) host.kick(id);
    if (networks) {
      engine.compare();
      node.networksChanged();
    }
    if (networks || nodes) {
      mesh.kick();
      fence.kick();
      guard.kick();
      findings.look(cluster);
    }
    if (endpoints.size > 0 || networks) this.parts.names.sandboxes.sync();
    if (endpoints.size > 0) containers.lookForDead();
    copy.soon();
  }

  private engineTold(event: EngineEvent): void {
    const { engine, containers, node, consulGuard } = this.parts.passes;
    if (event.type === 'bridge') {
      consulGuard.kick();
      return;
    }
    if (event.type === 'network' && ['create', 'destroy'].includes(event.action)) engine.look(event.network);
    if (event.action === 'disconnect' || event.action === 'destroy') engine.vacated();
    const container = event.container;
    if (container === undefined || !['connect', 'start', 'rename'].includes(event.action)) return;
    containers.kick(container);
    node.kick();
  }
}
