/**
 * Marks, for each network, that this node may hold endpoints or leases of it. The mark is written with the first
 * lease or endpoint and lets a restarted host find what it owns without reading the whole cluster.
 */
import { keys } from '../model/names.js';
import type { Op, Store } from '../model/ports.js';
import type { NetworkId, NodeAddress } from '../model/types.js';
import type { ClusterView } from '../store/cluster.js';

export class Membership {
  private readonly marked = new Set<NetworkId>();

  constructor(
    private readonly store: Store,
    private readonly view: ClusterView,
    private readonly self: NodeAddress,
  ) {}

  /** Reads this node's marks and watches the endpoints of those networks. */
  async load(): Promise<void> {
    const prefix = keys.members(this.self);
    for (const key of await this.store.keys(prefix)) this.joined(key.slice(prefix.length) as NetworkId);
  }

  get networks(): ReadonlySet<NetworkId> {
    return this.marked;
  }

  /** To be committed with the first lease or endpoint; nothing when the mark stands already. */
  joinOps(network: NetworkId): readonly Op[] {
    return this.marked.has(network) ? [] : [{ verb: 'set', key: keys.member(this.self, network), value: '' }];
  }

  /** The mark is written: from now on the network's endpoints are watched. */
  joined(network: NetworkId): void {
    this.marked.add(network);
    this.view.subscribe(network);
  }

  /** Nothing of the network is left on this host. Forgets first: a lease taken meanwhile writes the mark anew. */
  async leave(network: NetworkId): Promise<void> {
    this.marked.delete(network);
    this.view.unsubscribe(network);
    await this.store.commit([{ verb: 'delete', key: keys.member(this.self, network) }]);
    if (this.marked.has(network))
      await this.store.commit([{ verb: 'set', key: keys.member(this.self, network), value: '' }]);
  }
}
