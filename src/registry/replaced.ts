/** Networks made here whose place another host's network of the same name takes at this moment. */
import type { NetworkId } from '../model/types.js';

export class Replaced {
  private readonly ids = new Set<NetworkId>();

  /**
   * Runs what takes it off this engine and puts the other in its place. The engine's own removal then ends nothing in
   * the cluster, so that the name is missing for as short a time as can be.
   */
  async during<T>(id: NetworkId, work: () => Promise<T>): Promise<T> {
    this.ids.add(id);
    try {
      return await work();
    } finally {
      this.ids.delete(id);
    }
  }

  has(id: NetworkId): boolean {
    return this.ids.has(id);
  }
}
