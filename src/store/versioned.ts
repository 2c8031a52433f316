/**
 * The store of this release: each record is written in the version that all hosts of the cluster read, and nothing while
 * there are some that would not understand it, or that it would not understand.
 */
import { UserError } from '../errors.js';
import { judge, newerWords, olderWords, type Reader, type Verdict } from '../model/cluster/upgrade.js';
import type { Commit, Entry, Hold, Op, Store } from '../model/ports/ports.js';
import { keys } from '../model/values/names.js';
import { assertReadable } from './readable.js';
import { type ClusterRecord, isOfVersion1, parseCluster } from './records/cluster-record.js';
import { readersOf } from './records/readers.js';
import { BUILD, inVersion, readVersioned } from './records/record-version.js';
import { StoreLayer } from './store-layer.js';

/** What the cluster says of its version, and what its hosts say to that. */
export interface Standing {
  readonly index: number;
  readonly cluster: ClusterRecord;
  /** None where nothing hangs on them. */
  readonly readers: readonly Reader[];
  readonly verdict: Verdict;
}

/** All that we read lists of. */
const FOLDERS = [keys.nodes, keys.networks, 'endpoints/', keys.allHeads, 'members/', keys.pools, 'addresses/'];

export class VersionedStore extends StoreLayer {
  private isChecked = false;
  /** All hosts read that, whoever they are. */
  private version = BUILD.least;

  constructor(
    store: Store,
    /** Where the records are and how to be rid of them, for a sentence. */
    private readonly where: string,
    private readonly cure: string,
  ) {
    super(store);
  }

  /**
   * Rejects with a UserError while the store is another release's, and with a StoreError when it does not answer or
   * does not let us read all.
   */
  async check(): Promise<void> {
    if (this.isChecked) return;
    const cluster = await this.store.get(keys.cluster);
    for (const folder of FOLDERS) await assertReadable(this.store, folder);
    if (cluster !== undefined && isOfVersion1(cluster.value) && (await this.hasOlder()))
      throw new UserError(
        `${this.where} holds records of version 1, of an older tsoverlay, which this one cannot use; ${this.cure}`,
      );
    const standing = await this.look(cluster);
    if (standing?.verdict.kind === 'newer')
      throw new UserError(newerWords(this.where, standing.cluster.version, BUILD));
    if (standing?.verdict.kind === 'older') throw new UserError(olderWords(this.where, standing.verdict.hosts, BUILD));
    this.isChecked = true;
  }

  /**
   * From now on this host writes in the cluster's version, as far as its hosts bear that out. Undefined where the
   * cluster has no record that can be read: then all stays as it is. Rejects with a StoreError.
   */
  async look(entry?: Entry): Promise<Standing | undefined> {
    const { index, value } = entry ?? (await this.store.get(keys.cluster)) ?? { index: 0, value: '' };
    const { id, vxlanPort, version } = parseCluster(value);
    if (vxlanPort === undefined || version === undefined) return undefined;
    const isSettled = version === this.version && version === BUILD.newest;
    const readers = isSettled ? [] : await readersOf(this.store, Math.max(version, BUILD.newest));
    const verdict = isSettled
      ? ({ kind: 'writes', version, unfounded: false } as const)
      : judge(version, readers, BUILD);
    if (verdict.kind === 'writes') this.version = verdict.version;
    return { index, cluster: { id, vxlanPort, version }, readers, verdict };
  }

  /** Whoever may write to the store could put a bare id there: it must not have people remove what is in use. */
  private async hasOlder(): Promise<boolean> {
    const [nodes, networks] = await Promise.all([this.store.list(keys.nodes), this.store.list(keys.networks)]);
    const isOfFirst = (entry: Entry) => readVersioned(entry.value)?.version === 1;
    const isOurs = (entry: Entry) => (readVersioned(entry.value)?.version ?? 1) > 1;
    return [...nodes.entries, ...networks.entries].some(isOfFirst) && !networks.entries.some(isOurs);
  }

  /** One that was replaced meanwhile is told by the record that everybody asks for first. */
  override async get(key: string): Promise<Entry | undefined> {
    const entry = await this.store.get(key);
    if (key === keys.cluster && entry !== undefined && isOfVersion1(entry.value)) this.isChecked = false;
    return entry;
  }

  override async commit(ops: readonly Op[]): Promise<Commit> {
    await this.check();
    return this.store.commit(ops.map((op) => this.written(op)));
  }

  override async hold(key: string, value: string, ...more: Tail<Parameters<Store['hold']>>): Promise<Hold> {
    await this.check();
    const hold = await this.store.hold(key, inVersion(key, value, this.version), ...more);
    return {
      write: (text) => hold.write(inVersion(key, text, this.version)),
      release: () => hold.release(),
    };
  }

  private written(op: Op): Op {
    if (!('value' in op) || op.key === keys.cluster) return op;
    return { ...op, value: inVersion(op.key, op.value, this.version) };
  }
}

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, unknown, ...infer Rest] ? Rest : never;
