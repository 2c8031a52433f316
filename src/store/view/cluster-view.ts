/** This host's view of the cluster: what it needs of the store, watched and typed, as one immutable value. */
import { DeadlineError } from '../../errors.js';
import type { Reason } from '../../health/entry.js';
import { NOBODY, type RowPort, type RowPorts } from '../../health/row.js';
import { byId } from '../../model/cluster/origin.js';
import type { Entry, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import { isId } from '../../model/values/shapes.js';
import type { Cluster, Network, NetworkId, Node, NodeAddress } from '../../model/values/types.js';
import { isSameEndpoint, isSameNetwork, isSettled } from '../records/lasting.js';
import { type LeftOutPort, UNREAD } from '../records/left-out.js';
import { parseEndpoint, parseNetwork, parseNode, type Report } from '../records/records.js';
import { awaitIndex, isDoneWithin, isUpToDate } from './awaited.js';
import { ChangeTeller, type ClusterListener } from './change-teller.js';
import { EndpointViews } from './endpoint-views.js';
import { type Part, PrefixView } from './prefix-view.js';
import { Reads } from './reads.js';
import { RecordFeed } from './record-feed.js';
import { BLIND, RemovalTrust, type Trust } from './removal-trust.js';

type AnyView = Omit<PrefixView<unknown, unknown>, 'records'>;

/** Store errors change nothing here: the last Cluster stays. */
export class ClusterView {
  readonly #nodes: PrefixView<NodeAddress, Node>;
  readonly #networks: PrefixView<NetworkId, Network>;
  readonly #endpoints: EndpointViews;
  readonly #reads: Reads;
  #networkFeed: RecordFeed<Network> | undefined;
  readonly #teller = new ChangeTeller(() => this.#current);
  #current: Cluster = {
    nodes: new Map(),
    networks: new Map(),
    endpoints: new Map(),
    unreadable: new Set(),
    complete: false,
  };
  #signal: AbortSignal | undefined;
  #lastError = '';
  /** Prefixes that a copy filled. */
  readonly #unconfirmed = new Set<string>();
  /** What an earlier process of this host knew, by key. */
  #copy: ReadonlyMap<string, Entry> = new Map();
  readonly #belief: RemovalTrust;

  constructor(
    private readonly store: Store,
    /** Told of entries that are no records; they are left out, the rest goes on. */
    private readonly leftOut: LeftOutPort = UNREAD,
    /** Whether the store is still the one we know; asked before a record is believed to be gone. */
    trust: Trust = BLIND,
    private readonly rows: RowPorts<'store.watch' | 'store.removals' | 'store.doubt'> = NOBODY,
  ) {
    this.#belief = new RemovalTrust(trust, () => this.#reread(), rows);
    this.#nodes = this.#view(parseNode, (node) => node.address);
    this.#networks = this.#view(parseNetwork, (network) => network.id, isSameNetwork);
    this.#reads = new Reads(store);
    this.#endpoints = new EndpointViews(
      store,
      this.#reads,
      () => this.#view(parseEndpoint, (endpoint) => endpoint.id, isSameEndpoint),
      (prefix, view, part) => this.#accept(prefix, view, part),
      (error) => {
        this.#lastError = error.message;
      },
      (key, more) => this.#leaveOut(key, more),
      rows.of('store.watch'),
    );
  }

  get current(): Cluster {
    return this.#current;
  }

  /** Watches until the signal aborts; once. Networks may be subscribed before and after. */
  start(signal: AbortSignal): void {
    if (this.#signal) return;
    this.#signal = signal;
    this.#watch(keys.nodes, this.#nodes, signal);
    this.#feedNetworks(signal);
    this.#endpoints.start(signal);
  }

  /** Watches a network's endpoints; nothing happens for one that is watched already. */
  subscribe(network: NetworkId): void {
    if (this.#endpoints.has(network)) return;
    this.#endpoints.add(network);
    this.#refresh();
  }

  /** False while something that is watched came from a copy and not from the store itself. */
  get confirmed(): boolean {
    return this.#unconfirmed.size === 0;
  }

  /** What is known now, by prefix, for a copy that {@link seed} takes. */
  export(): Readonly<Record<string, readonly Entry[]>> {
    return Object.fromEntries([...this.#views()].map(([prefix, view]) => [prefix, view.entries]));
  }

  /** For a while no removal is believed: the store is not the one we knew, others publish in it what they hold. */
  distrust(): void {
    this.#belief.distrust();
  }

  /** The store is not the one we know, though nothing is missing: it is healed all the same. */
  readonly suspect = (): void => this.#belief.suspect();

  /** Told when the store is another one: whoever holds something publishes it now. */
  onDoubt(listener: () => void): void {
    this.#belief.onDoubt(listener);
  }

  /** True while the store may lack what others hold: it was wiped or replaced a moment ago. */
  get doubts(): boolean {
    return this.#belief.doubts;
  }

  /** For records that cannot be read any more: what an earlier process of this host knew. */
  remember(copy: Readonly<Record<string, readonly Entry[]>>): void {
    this.#copy = new Map(Object.values(copy).flatMap((entries) => entries.map((entry) => [entry.key, entry])));
  }

  /** Fills what the store has not answered yet from a copy. */
  seed(copy: Readonly<Record<string, readonly Entry[]>>): void {
    for (const [prefix, view] of this.#views()) {
      const entries = copy[prefix];
      if (view.loaded || entries === undefined) continue;
      this.#unconfirmed.add(prefix);
      view.apply({ entries, index: 0 });
    }
    for (const prefix of this.#unconfirmed) this.#changed(prefix);
  }

  unsubscribe(network: NetworkId): void {
    if (!this.#endpoints.has(network)) return;
    this.#endpoints.remove(network);
    this.#unconfirmed.delete(keys.endpoints(network));
    this.#changed(keys.endpoints(network));
  }

  /** Tells each change once, in a microtask, with the Cluster of then. Returns how to end it. */
  onChange(listener: ClusterListener): () => void {
    return this.#teller.onChange(listener);
  }

  /**
   * Resolves once all that the store has of an owner's endpoints in a network from now on is here. Rejects with a
   * DeadlineError after `deadlineMs`, or when the network is not watched.
   */
  async look(network: NetworkId, owner: string, deadlineMs: number): Promise<void> {
    const prefix = keys.endpointsOf(network, owner);
    const looked = this.#endpoints.look(network, owner);
    if (looked === undefined) throw new DeadlineError(`${prefix} is not watched`);
    if (await isDoneWithin(looked, deadlineMs)) return;
    throw new DeadlineError(`${prefix} could not be read within ${deadlineMs / 1000} s${this.#cause}`);
  }

  /** Resolves once the nodes or networks contain every change up to `index`, a Commit's; see {@link awaitIndex}. */
  async reached(prefix: typeof keys.nodes | typeof keys.networks, index: number, deadlineMs: number): Promise<void> {
    const isOfNodes = prefix === keys.nodes;
    const look = () => (isOfNodes ? isUpToDate(this.store, prefix, this.#nodes) : this.#lookAtNetworks());
    await awaitIndex(prefix, isOfNodes ? this.#nodes : this.#networks, index, deadlineMs, look);
  }

  /** Resolves once all that is watched has been loaded, from the store itself. Rejects with a DeadlineError after `deadlineMs`. */
  async ready(deadlineMs: number): Promise<void> {
    const end = performance.now() + deadlineMs;
    for (;;) {
      const missing = [...this.#views()].find(([prefix, view]) => !view.loaded || this.#unconfirmed.has(prefix));
      if (!missing) return;
      const [prefix, view] = missing;
      if (performance.now() >= end) {
        throw new DeadlineError(`${prefix} was not loaded within ${deadlineMs / 1000} s${this.#cause}`);
      }
      await view.next(end - performance.now());
    }
  }

  get #cause(): string {
    return this.#lastError === '' ? '' : `: ${this.#lastError}`;
  }

  #view<K, V>(
    parse: (entry: Entry, report?: Report) => V | undefined,
    keyOf: (record: V) => K,
    follows?: (before: V, after: V) => boolean,
  ): PrefixView<K, V> {
    const { report, over } = this.leftOut;
    return new PrefixView(parse, keyOf, report, (key) => this.#copy.get(key), follows, over);
  }

  #views(): ReadonlyMap<string, AnyView> {
    const views = new Map<string, AnyView>([
      [keys.nodes, this.#nodes],
      [keys.networks, this.#networks],
    ]);
    for (const [network, view] of this.#endpoints) views.set(keys.endpoints(network), view);
    return views;
  }

  /** A key among the heads that is none, as so many more are. */
  #leaveOut(key: string, more: number): void {
    if (more < 0) this.leftOut.over(key);
    else this.leftOut.report(key, `is no head of a node's endpoints${more > 0 ? `, as ${more} more are none` : ''}`, 0);
  }

  #watch(prefix: string, view: AnyView, signal: AbortSignal): void {
    const row = this.#pending(prefix);
    this.store.watch(
      prefix,
      {
        onSnapshot: (snapshot) => {
          row.ok();
          this.#accept(prefix, view, snapshot);
        },
        onError: (error) => this.#failed(view, row, error),
      },
      signal,
    );
  }

  #feedNetworks(signal: AbortSignal): void {
    const view = this.#networks;
    const row = this.#pending(keys.networks);
    const accept = (part: Part) => {
      row.ok();
      this.#accept(keys.networks, view, part);
    };
    const onTrouble = (error: Error) => this.#failed(view, row, error);
    this.#networkFeed = new RecordFeed(keys.networks, this.#reads, view, isSettled, accept, onTrouble, signal);
    this.#networkFeed.start(this.store);
  }

  async #lookAtNetworks(): Promise<boolean> {
    await this.#networkFeed?.look();
    return this.#networks.loaded && this.#networks.gone.size === 0;
  }

  #pending(prefix: string): RowPort<Reason> {
    const row = this.rows.of('store.watch').row(prefix);
    row.pending();
    return row;
  }

  #failed(view: AnyView, row: RowPort<Reason>, error: Error): void {
    view.fail(error);
    row.failing({ reason: error.message });
    this.#lastError = error.message;
  }

  /** What is read of a view before it was read whole is not shown yet. */
  #accept(prefix: string, view: AnyView, part: Part): void {
    if (part.within === undefined) this.#unconfirmed.delete(prefix);
    this.#belief.accept(view, part, () => {
      if (view.loaded) this.#changed(prefix);
    });
  }

  /** Once the time to doubt is over, what is still gone is gone. */
  async #reread(): Promise<void> {
    this.#endpoints.reread();
    this.#networkFeed?.reread();
    this.#accept(keys.nodes, this.#nodes, await this.store.list(keys.nodes));
  }

  #changed(prefix: string): void {
    this.#refresh();
    this.#teller.changed(prefix);
  }

  #refresh(): void {
    const loaded = [...this.#endpoints].filter(([, view]) => view.loaded);
    const endpoints = new Map(loaded.map(([id, view]) => [id, view.records] as const));
    const unchanged =
      endpoints.size === this.#current.endpoints.size &&
      [...endpoints].every(([id, records]) => this.#current.endpoints.get(id) === records);
    this.#current = {
      nodes: byId(this.#nodes.records),
      networks: this.#networks.records,
      endpoints: unchanged ? this.#current.endpoints : endpoints,
      unreadable: new Set(
        this.#networks.unreadable.map((key) => key.slice(keys.networks.length) as NetworkId).filter(isId),
      ),
      complete: [...this.#views().values()].every((view) => view.loaded),
    };
  }
}
