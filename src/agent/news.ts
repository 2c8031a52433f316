/** Who is told of what: the cluster's changes and the engine's events, and the passes that they concern. */

import type { Engine, EngineEvent } from '../model/ports/engine-port.js';
import { differing } from '../model/values/differing.js';
import type { Cluster } from '../model/values/types.js';
import type { Findings } from '../reconcile/cluster/findings.js';
import type { NodePass } from '../reconcile/cluster/node-pass.js';
import type { ContainerPass } from '../reconcile/engine/container-pass.js';
import type { EnginePass } from '../reconcile/engine/engine-pass.js';
import type { RestartPass } from '../reconcile/engine/restart-pass.js';
import type { HostPass } from '../reconcile/host/host-pass.js';
import type { HostPartsPass } from '../reconcile/host-parts/host-parts-pass.js';
import type { Peers } from '../registry/endpoints/peers.js';
import type { Membership } from '../registry/local/membership.js';
import type { Tenure } from '../registry/nodes/tenure.js';
import type { ClusterChange } from '../store/view/change-teller.js';
import type { ClusterView } from '../store/view/cluster-view.js';

export interface NewsParts {
  readonly tenure: Pick<Tenure, 'onTake' | 'prunes'>;
  readonly view: Pick<ClusterView, 'current' | 'onChange'>;
  readonly membership: Pick<Membership, 'networks'>;
  readonly copy: { soon(): void };
  readonly peers: Pick<Peers, 'onChange'>;
  readonly sandboxes: { sync(): void };
  readonly docker: Pick<Engine, 'events'>;
  readonly host: Pick<HostPass, 'kick' | 'kickAll'>;
  readonly engine: Pick<EnginePass, 'compare' | 'kick' | 'look' | 'vacated'>;
  readonly containers: Pick<ContainerPass, 'ended' | 'kick' | 'kickAll' | 'lookForDead' | 'onForeign'>;
  readonly restarts: Pick<RestartPass, 'look'>;
  readonly node: Pick<NodePass, 'kick' | 'networksChanged' | 'onLook'>;
  readonly hostParts: Pick<HostPartsPass, 'kick'>;
  readonly findings: Pick<Findings, 'look'>;
}

export class News {
  /** The networks that were there at the last change. */
  private known: Cluster['networks'] = new Map();

  constructor(private readonly parts: NewsParts) {}

  /** What the parts tell each other from the first moment on. */
  connect(): void {
    const { tenure, peers, host, engine, containers, node, hostParts } = this.parts;
    node.onLook(() => hostParts.kick('gwbridge'));
    peers.onChange((network) => host.kick(network));
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
    const { view } = this.parts;
    this.known = view.current.networks;
    view.onChange((cluster, changed) => this.clusterChanged(cluster, changed));
  }

  /** From now on the engine's events count, and what happened before is looked for. */
  followEngine(signal: AbortSignal): void {
    const { docker, engine, containers, restarts, hostParts, node } = this.parts;
    const compare = () => {
      engine.kick();
      containers.kickAll();
      restarts.look();
      hostParts.kick('consulGuard');
      node.kick();
    };
    docker.events((event) => this.engineTold(event), compare, signal);
  }

  private clusterChanged(cluster: Cluster, { networks, nodes, endpoints }: ClusterChange): void {
    const { membership, copy, sandboxes, host, engine, containers, node, hostParts, findings } = this.parts;
    const changed = differing(this.known, cluster.networks);
    this.known = cluster.networks;
    // News of networks without a changed record are of those that cannot be read.
    const about = networks && changed.length === 0 ? [...membership.networks] : changed;
    for (const id of new Set([...endpoints, ...about.filter((n) => membership.networks.has(n))])) host.kick(id);
    if (networks) {
      engine.compare();
      node.networksChanged();
      hostParts.kick('uplinks');
    }
    if (networks || nodes) {
      hostParts.kick('encryptionFence');
      hostParts.kick('crypt');
      hostParts.kick('vxlanGuard');
      hostParts.kick('probe');
      findings.look(cluster);
    }
    if (endpoints.size > 0 || networks) sandboxes.sync();
    if (endpoints.size > 0) containers.lookForDead();
    copy.soon();
  }

  private engineTold(event: EngineEvent): void {
    const { engine, containers, node, hostParts } = this.parts;
    if (event.type === 'bridge') {
      hostParts.kick('consulGuard');
      // No pool is to be chosen where it lies.
      node.kick();
      return;
    }
    if (event.type === 'foreign') {
      containers.onForeign(event);
      return;
    }
    if (event.type === 'container' && event.action === 'die') containers.ended(event.container);
    if (event.type === 'network' && ['create', 'destroy'].includes(event.action)) engine.look(event.network);
    if (event.action === 'disconnect' || event.action === 'destroy') engine.vacated();
    const container = event.container;
    if (container === undefined || !['connect', 'start', 'rename'].includes(event.action)) return;
    containers.kick(container);
    node.kick();
  }
}
