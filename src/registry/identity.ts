/**
 * Which cluster this is. A store that was wiped or replaced looks just like a cluster from which everything was
 * removed; only its identity tells the two apart, so nothing is pruned unless the identity is the one we know.
 */
import { randomUUID } from 'node:crypto';
import { StoreError } from '../errors.js';
import { keys } from '../model/names.js';
import type { Store } from '../model/ports.js';
import type { HostMemory } from '../store/memory.js';
import { transact } from './transact.js';

export class Identity {
  constructor(
    private readonly store: Store,
    private readonly memory: HostMemory,
  ) {}

  /** Reads the cluster's id, makes it when this is the first host ever, and remembers it. */
  async load(): Promise<void> {
    const { result } = await transact(this.store, async () => {
      const entry = await this.store.get(keys.cluster);
      if (entry !== undefined) return { ops: [], result: entry.value };
      const value = randomUUID();
      return { ops: [{ verb: 'create', key: keys.cluster, value }], result: value };
    });
    if (this.memory.cluster === undefined) this.memory.rememberCluster(result);
  }

  /** Resolves when the store still is the cluster we know. Rejects with a StoreError that says what to do. */
  async confirm(): Promise<void> {
    const entry = await this.store.get(keys.cluster);
    if (entry === undefined || entry.value !== this.memory.cluster)
      throw new StoreError(
        'the store has been wiped or replaced; nothing is pruned on this host until that is resolved',
        false,
      );
  }
}
