/** A store into which nothing is written while it holds records of a release that we do not understand. */
import { UserError } from '../errors.js';
import { keys } from '../model/names.js';
import type { Commit, Entry, Hold, Op, Store } from '../model/ports.js';
import { isOfVersion1 } from './cluster-record.js';
import { readVersioned, VERSION } from './records.js';

export class VersionedStore implements Store {
  readonly list: Store['list'];
  readonly keys: Store['keys'];
  readonly children: Store['children'];
  readonly watch: Store['watch'];
  readonly watchNames: Store['watchNames'];
  readonly close: Store['close'];
  private isChecked = false;

  constructor(
    private readonly store: Store,
    /** Where the records are and how to be rid of them, for a sentence. */
    private readonly where: string,
    private readonly cure: string,
  ) {
    this.list = store.list.bind(store);
    this.keys = store.keys.bind(store);
    this.children = store.children.bind(store);
    this.watch = store.watch.bind(store);
    this.watchNames = store.watchNames.bind(store);
    this.close = store.close.bind(store);
  }

  /** Rejects with a UserError while the store is an older release's, and with a StoreError when it does not answer. */
  async check(): Promise<void> {
    if (this.isChecked) return;
    const cluster = await this.store.get(keys.cluster);
    if (cluster !== undefined && isOfVersion1(cluster.value) && (await this.hasOlder()))
      throw new UserError(
        `${this.where} holds records of version 1, of an older tsoverlay, which this one cannot use; ${this.cure}`,
      );
    this.isChecked = true;
  }

  /** Whoever may write to the store could put a bare id there: it must not have people remove what is in use. */
  private async hasOlder(): Promise<boolean> {
    const [nodes, networks] = await Promise.all([this.store.list(keys.nodes), this.store.list(keys.networks)]);
    const isOlder = (entry: Entry) => (readVersioned(entry.value)?.version ?? VERSION) < VERSION;
    const isOurs = (entry: Entry) => readVersioned(entry.value)?.version === VERSION;
    return [...nodes.entries, ...networks.entries].some(isOlder) && !networks.entries.some(isOurs);
  }

  get troubles(): Store['troubles'] {
    return this.store.troubles;
  }

  /** One that was replaced meanwhile is told by the record that everybody asks for first. */
  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.store.get(key);
    if (key === keys.cluster && entry !== undefined && isOfVersion1(entry.value)) this.isChecked = false;
    return entry;
  }

  async commit(ops: readonly Op[]): Promise<Commit> {
    await this.check();
    return this.store.commit(ops);
  }

  async hold(...args: Parameters<Store['hold']>): Promise<Hold> {
    await this.check();
    return this.store.hold(...args);
  }
}
