/** What each network's namespace should be like, by all that this host knows: the plan's way from its records. */
import { StoreError } from '../../errors.js';
import type { NamespacePlan } from '../../model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../model/plan/observed.js';
import { networkOfNamespace, plan } from '../../model/plan/plan.js';
import type { Self } from '../../model/plan/self.js';
import { isEncrypted } from '../../model/plan/underlay.js';
import type { NetworksKernel } from '../../model/ports/kernel-port.js';
import { firstOf } from '../../model/values/differing.js';
import { namespaceName } from '../../model/values/names.js';
import type { Cluster, EndpointId, NamespaceName, Network, NetworkId } from '../../model/values/types.js';
import type { Peers } from '../../registry/endpoints/peers.js';
import type { LocalEndpoints } from '../../registry/local/local-endpoints.js';
import type { Membership } from '../../registry/local/membership.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Made } from './certainty.js';
import { pause } from './comparison.js';

/** Endpoints whose part of a plan is made at once. */
const SLICE = 250;

/** What of this host's part is the same for each plan. */
export interface HostSelf extends Pick<Self, 'id' | 'address' | 'port'> {
  readonly mtu: () => number;
  readonly acceleration: () => Self['acceleration'];
  /** See {@link Self}; undefined while the mesh has not been looked at. */
  readonly meshVteps: Self['meshVteps'] | undefined;
}

const NOBODY: Self['meshVteps'] = new Map();

export interface WishesParts {
  readonly kernel: Pick<NetworksKernel, 'isNamespace'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly local: Pick<LocalEndpoints, 'attachedAmong' | 'changes' | 'fetched' | 'joined'>;
  readonly membership: Pick<Membership, 'networks' | 'own'>;
  readonly peers: Pick<Peers, 'of' | 'prepare' | 'within'>;
  readonly self: HostSelf;
}

/** The cluster at one moment, and the network that a namespace is of. */
export interface Look {
  readonly known: Cluster;
  readonly network: Network | undefined;
}

/** What a pass goes by, and whether this host might say what is not in it when it was looked at. */
export interface Sight {
  readonly cluster: Cluster;
  readonly prunes: boolean;
}

/** What a namespace should be, and what that was made with. */
export interface Wish extends Pick<Made, 'sandboxes' | 'changes'> {
  readonly wanted: NamespacePlan | undefined;
}

export class Wishes {
  constructor(private readonly parts: WishesParts) {}

  /** Undefined for one whose record cannot be read: what is running stays as it is. Throws while it is not loaded. */
  look(name: NamespaceName): Look | undefined {
    const known = this.parts.view.current;
    const network = networkOfNamespace(known, name);
    if (network !== undefined && (this.isWaitedFor(known, network.id) || this.lacksMesh(network))) throw notLoaded();
    if (network === undefined && [...known.unreadable].some((id) => namespaceName(id) === name)) return undefined;
    return { known, network };
  }

  /** What is made of each record is kept with it: of thousands that are new it is made in slices. */
  async prepare(name: NamespaceName, { known, network }: Look, isPlanned: boolean): Promise<void> {
    if (network === undefined) return;
    const { peers } = this.parts;
    await peers.prepare(network.id);
    if (isPlanned) return;
    const { nodes } = peers.within(known, network.id);
    const all = peers.of(network.id);
    for (let size = SLICE; size < all.size; size += SLICE) {
      this.planned(name, { ...known, nodes, endpoints: new Map([[network.id, firstOf(all, size)]]) }, new Map());
      await pause(size);
    }
  }

  /** With the endpoints of that network that count. */
  cluster({ known, network }: Look): Cluster {
    return network === undefined ? known : this.parts.peers.within(known, network.id);
  }

  /** By what was found, too: which links the engine has fetched. */
  wanted(name: NamespaceName, cluster: Cluster, found: ObservedNamespace | undefined): Wish {
    const { local } = this.parts;
    for (const { alias } of found?.links ?? []) local.fetched(alias as EndpointId);
    const { changes } = local;
    const sandboxes = this.sandboxes(name, cluster);
    return { wanted: this.planned(name, cluster, sandboxes), sandboxes, changes };
  }

  planned(name: NamespaceName, cluster: Cluster, sandboxes: Made['sandboxes']): NamespacePlan | undefined {
    const { self, local } = this.parts;
    const more = { meshVteps: self.meshVteps ?? NOBODY, mtu: self.mtu(), acceleration: self.acceleration() };
    return plan(cluster, { ...self, ...more, joined: local.joined, sandboxes }, name);
  }

  /** Of the endpoints whose links the engine has fetched. A namespace that is gone needs no card any more. */
  private sandboxes(name: NamespaceName, cluster: Cluster): Made['sandboxes'] {
    const { local, membership, kernel } = this.parts;
    const id = networkOfNamespace(cluster, name)?.id;
    const found = id === undefined ? [] : local.attachedAmong(membership.own(id));
    return new Map(found.filter(([, sandbox]) => kernel.isNamespace(sandbox)));
  }

  /** After a restart nobody could be sent to: what stands would be taken for what is gone. */
  private lacksMesh({ options }: Network): boolean {
    return isEncrypted(options) && this.parts.self.meshVteps === undefined;
  }

  /** Half a cluster would empty the kernel: nothing is compared before the wish is loaded. */
  private isWaitedFor({ endpoints }: Cluster, network: NetworkId): boolean {
    return this.parts.membership.networks.has(network) && !endpoints.has(network);
  }
}

export const notLoaded = (): StoreError => new StoreError('the cluster is not loaded yet', true);
