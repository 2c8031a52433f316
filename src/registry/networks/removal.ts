/** A network's end, in two phases: marked first, then gone with all that it owns, or kept for those who use it. */
import type { Entry, Op, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import type { Network, NetworkId, NodeId } from '../../model/values/types.js';
import { commitAhead } from '../../store/in-parts.js';
import { assertReadable } from '../../store/readable.js';
import { formatNetwork, parseEndpoint } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { type Attempt, transact } from '../changes/transact.js';
import type { Claims } from './claims.js';
import { raced } from './raced.js';

const UNKNOWN = 'a host whose records cannot be read';

/** What became of a removal: done, or kept because these nodes, in words, still have endpoints. */
export type Removal = { readonly removed: true } | { readonly removed: false; readonly users: readonly string[] };

export interface RemovalParts {
  readonly store: Pick<Store, 'commit' | 'get' | 'list'>;
  readonly view: Pick<ClusterView, 'current' | 'reached'>;
  readonly self: NodeId;
  readonly claims: Pick<Claims, 'dropOps'>;
  /** As the store has it. */
  readonly get: (id: NetworkId) => Promise<Network | undefined>;
}

export class Removals {
  constructor(private readonly parts: RemovalParts) {}

  /**
   * Two phases: no endpoint can be created once the record is marked, and none is there when it goes, as it was marked:
   * who takes the mark back meanwhile makes it all be looked at again. `own`: whether this node's own endpoints keep it;
   * not when its engine says that it has none left.
   */
  async remove(id: NetworkId, own: 'keep' | 'go'): Promise<Removal> {
    await assertReadable(this.parts.store, keys.endpoints(id));
    const { result, index } = await transact(this.parts.store, async (): Promise<Attempt<Removal>> => {
      const network = await this.marked(id);
      if (network === undefined) return { ops: [], result: { removed: true } };
      const users = await this.usersOf(id, own);
      if (users.length === 0) return { ops: await this.dropOps(network), result: { removed: true } };
      const value = formatNetwork({ ...network, deleting: false });
      const back: Op = { verb: 'update', key: keys.network(id), value, index: network.index };
      return { ops: [back], result: { removed: false, users } };
    });
    if (index > 0 && result.removed) await this.parts.view.reached(keys.networks, index, 5_000);
    return result;
  }

  /** The network with the mark that it goes; undefined when it is gone. Rejects with a StoreError that passes. */
  private async marked(id: NetworkId): Promise<Network | undefined> {
    const network = await this.parts.get(id);
    if (network === undefined || network.deleting) return network;
    const value = formatNetwork({ ...network, deleting: true });
    await this.parts.store.commit([{ verb: 'update', key: keys.network(id), value, index: network.index }]);
    const marked = await this.parts.get(id);
    if (marked?.deleting === false) throw raced();
    return marked;
  }

  /** The hosts with endpoints in the network, in words. */
  private async usersOf(id: NetworkId, own: 'keep' | 'go'): Promise<readonly string[]> {
    const { entries } = await this.parts.store.list(keys.endpoints(id));
    // A record that cannot be read may be a newer release's, of a container that lives.
    const nodes = entries.filter(isEndpointKey).map((entry) => parseEndpoint(entry)?.node);
    return [...new Set(nodes.filter((node) => node !== this.parts.self || own === 'keep').map((n) => this.hostOf(n)))];
  }

  /** What the last transaction of a removal does; what it is too small for is done before. */
  async dropOps(network: Network): Promise<readonly Op[]> {
    const { owned, record } = await this.parts.claims.dropOps(network);
    const check: Op = { verb: 'check', key: keys.network(network.id), index: network.index };
    return [...(await commitAhead(this.parts.store, owned, [check], record)), ...record];
  }

  private hostOf(node: NodeId | undefined): string {
    return node === undefined ? UNKNOWN : (this.parts.view.current.nodes.get(node)?.address ?? node);
  }
}

/** What has no id is no endpoint of anybody's, and keeps nobody's network. */
const isEndpointKey = ({ key }: Entry): boolean => /^endpoints\/[^/]+\/[^/]+\/[0-9a-f]{64}$/.test(key);
