/** What this host does with its engine at this moment, which the engine's own calls to us do not tell. */
import type { Network, NetworkId } from '../../model/values/types.js';

export class Underway {
  private readonly replaced = new Set<NetworkId>();
  private readonly mirrored = new Map<string, NetworkId>();

  /**
   * Runs what takes a network off this engine and puts another host's of the same name in its place. The engine's own
   * removal then ends nothing in the cluster, so that the name is missing for as short a time as can be.
   */
  async replacing<T>(id: NetworkId, work: () => Promise<T>): Promise<T> {
    this.replaced.add(id);
    try {
      return await work();
    } finally {
      this.replaced.delete(id);
    }
  }

  isReplaced(id: NetworkId): boolean {
    return this.replaced.has(id);
  }

  /** Runs what makes the engine create a mirror: it asks for the pools that the network holds already. */
  async mirroring<T>(network: Network, work: () => Promise<T>): Promise<T> {
    for (const { pool } of network.subnets) this.mirrored.set(pool, network.id);
    try {
      return await work();
    } finally {
      for (const { pool } of network.subnets) this.mirrored.delete(pool);
    }
  }

  /** The network that the engine mirrors with this pool. */
  mirroredWith(pool: string): NetworkId | undefined {
    return this.mirrored.get(pool);
  }
}
