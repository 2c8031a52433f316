/**
 * Which cluster this is. A store that was wiped or replaced looks just like a cluster from which everything was
 * removed; only its identity tells the two apart. Whoever finds it missing makes a new one, never the old one again:
 * so every other host sees the change too, and publishes what it holds.
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

  /** The store's identity; makes one when it has none. Not remembered before {@link adopt}. */
  async read(): Promise<string> {
    const { result } = await transact(this.store, async () => {
      const entry = await this.store.get(keys.cluster);
      if (entry !== undefined) return { ops: [], result: entry.value };
      const value = randomUUID();
      return { ops: [{ verb: 'create', key: keys.cluster, value }], result: value };
    });
    return result;
  }

  /** From now on this is the cluster we know. */
  adopt(id: string): void {
    if (this.memory.cluster !== id) this.memory.rememberCluster(id);
  }

  /** True when this host has known another cluster before: what it holds is to be published in this one. */
  isStranger(id: string): boolean {
    return this.memory.cluster !== undefined && this.memory.cluster !== id;
  }

  /** True when the store is the one we know. Rejects with a StoreError while it does not answer. */
  async isKnown(): Promise<boolean> {
    return (await this.store.get(keys.cluster))?.value === this.memory.cluster;
  }

  /** Resolves when the store still is the cluster we know. Rejects with a StoreError otherwise. */
  async confirm(): Promise<void> {
    if (!(await this.isKnown()))
      throw new StoreError(
        'the store has been wiped or replaced; nothing is removed on this host until it is healed',
        false,
      );
  }
}
