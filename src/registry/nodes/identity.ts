/**
 * Which cluster this is, and what all its hosts must do alike. A store that was wiped or replaced looks just like a cluster from which everything was
 * removed; only its identity tells the two apart. Whoever finds it missing makes a new one, never the old one again:
 * so every other host sees the change too, and publishes what it holds.
 */
import { randomUUID } from 'node:crypto';
import { StoreError, UserError } from '../../errors.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import type { HostMemory } from '../../store/data-dir/host-memory.js';
import { formatCluster, parseCluster } from '../../store/records/cluster-record.js';
import { BUILD } from '../../store/records/record-version.js';
import { type Transacting, transact } from '../changes/transact.js';

export class Identity {
  /** The identity that was read last, with the index of its key. */
  private seen = { id: '', index: 0 };
  private adopted = { id: '', index: 0 };

  constructor(
    private readonly store: Pick<Store, 'get'> & Transacting,
    private readonly memory: Pick<HostMemory, 'cluster' | 'rememberCluster'>,
    /** UDP; of a new cluster, and what another one must have. */
    private readonly vxlanPort: number,
  ) {}

  /**
   * The store's identity; makes one when it has none. Not remembered before {@link adopt}. Rejects with a UserError
   * when the cluster's hosts send VXLAN to another port than this one.
   */
  async read(): Promise<string> {
    const { result, index } = await transact(this.store, async () => {
      const entry = await this.store.get(keys.cluster);
      if (entry !== undefined) return { ops: [], result: { id: this.checked(entry.value), index: entry.index } };
      const id = randomUUID();
      const value = formatCluster({ version: BUILD.least, id, vxlanPort: this.vxlanPort });
      return { ops: [{ verb: 'create', key: keys.cluster, value }], result: { id, index: 0 } };
    });
    this.seen = index === 0 ? result : { id: result.id, index };
    return result.id;
  }

  /** Asks once. Rejects with a UserError like {@link read}. */
  async check(): Promise<void> {
    const entry = await this.store.get(keys.cluster);
    if (entry !== undefined) this.checked(entry.value);
  }

  /** From now on this is the cluster we know. */
  adopt(id: string): void {
    if (this.seen.id === id) this.adopted = this.seen;
    if (this.memory.cluster !== id) this.memory.rememberCluster(id);
  }

  /** Holds only in the cluster that we know. Rejects with a StoreError before it is known. */
  async knownOp(): Promise<Op> {
    const { index } = this.adopted;
    if (index > 0) return { verb: 'check', key: keys.cluster, index };
    // A store that does not answer is the better reason.
    await this.store.get(keys.cluster);
    throw new StoreError('the cluster is not loaded yet', true);
  }

  /** True when the store is the one we know although its identity was written again. Rejects with a StoreError. */
  async isStill(): Promise<boolean> {
    if (this.adopted.id !== (await this.read())) return false;
    this.adopted = this.seen;
    return true;
  }

  /** True when this host has known another cluster before: what it holds is to be published in this one. */
  isStranger(id: string): boolean {
    return this.memory.cluster !== undefined && this.memory.cluster !== id;
  }

  /** True when the store is the one we know. Rejects with a StoreError while it does not answer for it or these keys. */
  async isKnown(others: readonly string[] = []): Promise<boolean> {
    const [entry] = await Promise.all([keys.cluster, ...others].map((key) => this.store.get(key)));
    return (entry && parseCluster(entry.value).id) === this.memory.cluster;
  }

  private checked(value: string): string {
    const { id, vxlanPort: port } = parseCluster(value);
    if (port !== undefined && port !== this.vxlanPort)
      throw new UserError(
        `VXLAN_PORT is ${this.vxlanPort} on this host and ${port} in the cluster; set VXLAN_PORT=${port} here, for all hosts must have the same`,
      );
    return id;
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
