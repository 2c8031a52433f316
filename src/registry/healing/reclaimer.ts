/**
 * For a host that was forgotten and lives all the same: its endpoints are put back as they were. One whose address or
 * network somebody else has since got is not, and its container is cut off: nobody holds an address twice.
 */

import type { Entry, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import { isNetworkId } from '../../model/values/shapes.js';
import type { Endpoint, Network, NetworkId, NodeId } from '../../model/values/types.js';
import { parseEndpoint } from '../../store/records/records.js';
import type { Heads } from '../local/heads.js';
import type { LocalEndpoints } from '../local/local-endpoints.js';
import { type Publishing, publishEndpoint, publishNetwork } from './publish.js';

export interface ReclaimEvents {
  reclaimed(endpoint: Endpoint): void;
  /** `conflicts`: the keys that others hold; the endpoint's own alone when its network is gone. */
  lost(endpoint: Endpoint, conflicts: readonly string[]): void;
  /** A network that containers of this host are on was gone: the store was restored from an older backup. */
  republished(network: Network): void;
}

export interface ReclaimerParts {
  readonly store: Publishing & Pick<Store, 'keys'>;
  readonly self: NodeId;
  readonly heads: Pick<Heads, 'transact'>;
  readonly local: Pick<LocalEndpoints, 'isLive'>;
  readonly events: ReclaimEvents;
  /** The network as this host knows it, if containers live on it here. */
  readonly used: (id: NetworkId) => Network | undefined;
}

export class Reclaimer {
  constructor(private readonly parts: ReclaimerParts) {}

  /** Of records that went, the keys of those that stand again. Rejects with a StoreError; doing it again is safe. */
  async reclaim(gone: readonly Entry[]): Promise<ReadonlySet<string>> {
    const back = new Set<string>();
    for (const { key } of gone) {
      const [folder, id = ''] = key.split('/');
      if (folder === 'networks' && isNetworkId(id) && (await this.republish(id))) back.add(key);
    }
    for (const entry of gone) {
      const endpoint = parseEndpoint(entry);
      // What this host removed itself was not live any more.
      if (endpoint === undefined || endpoint.node !== this.parts.self || !this.parts.local.isLive(endpoint.id))
        continue;
      await this.republish(endpoint.network);
      const conflicts = await publishEndpoint(this.parts.store, this.parts.heads, endpoint);
      if (conflicts.length > 0) {
        this.parts.events.lost(endpoint, conflicts);
        continue;
      }
      this.parts.events.reclaimed(endpoint);
      back.add(entry.key);
    }
    return back;
  }

  /** True when a network that containers live on here stands, by now or before. */
  private async republish(id: NetworkId): Promise<boolean> {
    const network = this.parts.used(id);
    if (network === undefined || network.deleting) return false;
    if ((await this.parts.store.get(keys.network(id))) !== undefined) return true;
    const conflicts = await publishNetwork(this.parts.store, network);
    if (conflicts.length === 0) this.parts.events.republished(network);
    return conflicts.length === 0;
  }

  /**
   * At a start, of what this host knew before, what has no record or no mark (see Membership). Not by the marks alone: one
   * that was set again, or put back with the first endpoint of its network, says nothing of the others.
   */
  async reclaimMissing(known: readonly Entry[]): Promise<void> {
    const { store, self } = this.parts;
    const own = known.flatMap((entry) => {
      const endpoint = parseEndpoint(entry);
      return endpoint?.node === self ? [{ entry, network: endpoint.network }] : [];
    });
    const folders = new Set([keys.members(self), ...own.map(({ network }) => keys.endpointsOf(network, self))]);
    const standing = new Set((await Promise.all([...folders].map((folder) => store.keys(folder)))).flat());
    const missing = own.filter(({ entry, network }) =>
      [entry.key, keys.member(self, network)].some((key) => !standing.has(key)),
    );
    await this.reclaim(missing.map(({ entry }) => entry));
  }
}
