/**
 * Publishes in a store that was wiped or replaced what this host holds: all networks it knows, with the same ids and
 * VNIs, and its own endpoints with their addresses. Create-only throughout: what another host has published stays.
 */
import type { Cluster, NodeId } from '../../model/values/types.js';
import type { Heads } from '../local/heads.js';
import type { Identity } from '../nodes/identity.js';
import { type Publishing, publishEndpoint, publishNetwork } from './publish.js';

/** What a healing did. `conflicts`: keys that somebody else holds meanwhile. */
export interface Healing {
  readonly networks: number;
  readonly endpoints: number;
  readonly conflicts: readonly string[];
}

export interface HealerParts {
  readonly store: Publishing;
  readonly self: NodeId;
  readonly heads: Pick<Heads, 'transact'>;
  readonly identity: Pick<Identity, 'adopt' | 'read'>;
}

export class Healer {
  constructor(private readonly parts: HealerParts) {}

  /** Rejects with a StoreError when the store fails half-way; doing it again is safe. */
  async heal(cluster: Cluster): Promise<Healing> {
    const id = await this.parts.identity.read();
    const networks = [...cluster.networks.values()].filter((n) => !n.deleting);
    const endpoints = [...cluster.endpoints.values()]
      .flatMap((all) => [...all.values()])
      .filter((e) => e.node === this.parts.self);
    const conflicts: string[] = [];
    for (const network of networks) conflicts.push(...(await publishNetwork(this.parts.store, network)));
    for (const endpoint of endpoints)
      conflicts.push(...(await publishEndpoint(this.parts.store, this.parts.heads, endpoint)));
    this.parts.identity.adopt(id);
    return { networks: networks.length, endpoints: endpoints.length, conflicts };
  }
}
