/** This host's view of the cluster: what it needs of the store, watched and typed, as one immutable value. */
import { DeadlineError } from '../../errors.js';
import { NOBODY, type RowPorts } from '../../health/row.js';
import type { Entry, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import type { Cluster, Network, NetworkId, Node, NodeAddress } from '../../model/values/types.js';
import type { OwnWrites } from '../feed/own-writes.js';
import { Reads } from '../feed/reads.js';
import { type Part, PrefixView } from '../prefix/prefix-view.js';
import { isSameEndpoint, isSameNetwork, isSettled } from '../records/lasting.js';
import { type LeftOutPort, leaveOutHead, UNREAD } from '../records/left-out.js';
import { parseEndpoint, parseNetwork, parseNode } from '../records/records.js';
import { assembled, NOTHING } from './assembled.js';
import { awaitAll, awaitIndex, isDoneWithin, isUpToDate } from './awaited.js';
import { ChangeTeller, type ClusterListener } from './change-teller.js';
import { Copied } from './copied.js';
import { EndpointViews } from './endpoint-views.js';
import { BLIND, RemovalTrust, type Trust } from './removal-trust.js';
import { type AnyView, Watches } from './watches.js';

/** Store errors change nothing here: the last Cluster stays. */
export class ClusterView {
  readonly #nodes: PrefixView<NodeAddress, Node>;
  readonly #networks: PrefixView<NetworkId, Network>;
  readonly #endpoints: EndpointViews;
  readonly #teller = new ChangeTeller(() => this.#current);
  #current: Cluster = NOTHING;
  #signal: AbortSignal | undefined;
  readonly #watches: Watches;
  readonly #copied = new Copied();
  readonly #belief: RemovalTrust;

  constructor(
    private readonly store: Store,
    /** Told of entries that are no records; they are left out, the rest goes on. */
    leftOut: LeftOutPort = UNREAD,
    /** Whether the store is still the one we know; asked before a record is believed to be gone. */
    trust: Trust = BLIND,
    rows: RowPorts<'store.watch' | 'store.removals' | 'store.doubt'> = NOBODY,
  ) {
    this.#belief = new RemovalTrust(trust, () => this.#reread(), rows);
    const common = { ...leftOut, remembered: (key: string) => this.#copied.get(key) };
    this.#nodes = new PrefixView({ ...common, parse: parseNode, keyOf: ({ address }) => address });
    this.#networks = new PrefixView({ ...common, parse: parseNetwork, keyOf: ({ id }) => id, follows: isSameNetwork });
    const reads = new Reads(store);
    this.#watches = new Watches({
      ...{ store, reads, rows: rows.of('store.watch') },
      accept: (prefix, view, part) => this.#accept(prefix, view, part),
    });
    this.#endpoints = new EndpointViews({
      ...{ store, reads, rows: rows.of('store.watch') },
      makeView: () =>
        new PrefixView({ ...common, parse: parseEndpoint, keyOf: ({ id }) => id, follows: isSameEndpoint }),
      accept: (prefix, view, part) => this.#accept(prefix, view, part),
      onTrouble: (error) => this.#watches.trouble(error),
      onOthers: (key, more) => leaveOutHead(leftOut, key, more),
    });
  }

  get current(): Cluster {
    return this.#current;
  }

  /** Watches until the signal aborts; once. Networks may be subscribed before and after. */
  start(signal: AbortSignal): void {
    if (this.#signal) return;
    this.#signal = signal;
    this.#watches.watch(keys.nodes, this.#nodes, signal);
    this.#watches.feed(keys.networks, this.#networks, isSettled, signal);
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
    return this.#copied.unconfirmed.size === 0;
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
    this.#copied.remember(copy);
  }

  /** Fills what the store has not answered yet from a copy. */
  seed(copy: Readonly<Record<string, readonly Entry[]>>): void {
    this.#copied.seed(copy, this.#views());
    for (const prefix of this.#copied.unconfirmed) this.#changed(prefix);
  }

  unsubscribe(network: NetworkId): void {
    if (!this.#endpoints.has(network)) return;
    this.#endpoints.remove(network);
    this.#copied.confirm(keys.endpoints(network));
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
    throw new DeadlineError(`${prefix} could not be read within ${deadlineMs / 1000} s${this.#watches.cause}`);
  }

  /** Told of what this host writes of its endpoints; undefined for a network that is not watched. */
  ownWrites(network: NetworkId): OwnWrites | undefined {
    return this.#endpoints.ownWrites(network);
  }

  /** Resolves once the nodes or networks contain every change up to `index`, a Commit's; see {@link awaitIndex}. */
  async reached(prefix: typeof keys.nodes | typeof keys.networks, index: number, deadlineMs: number): Promise<void> {
    const isOfNodes = prefix === keys.nodes;
    const look = () => (isOfNodes ? isUpToDate(this.store, prefix, this.#nodes) : this.#watches.look(this.#networks));
    await awaitIndex(prefix, isOfNodes ? this.#nodes : this.#networks, index, deadlineMs, look);
  }

  /** Resolves once all that is watched has been loaded, from the store itself. Rejects with a DeadlineError after `deadlineMs`. */
  async ready(deadlineMs: number): Promise<void> {
    const missing = () =>
      [...this.#views()].find(([prefix, view]) => !view.loaded || this.#copied.unconfirmed.has(prefix));
    await awaitAll(missing, deadlineMs, () => this.#watches.cause);
  }

  #views(): ReadonlyMap<string, AnyView> {
    const views = new Map<string, AnyView>([
      [keys.nodes, this.#nodes],
      [keys.networks, this.#networks],
    ]);
    for (const [network, view] of this.#endpoints) views.set(keys.endpoints(network), view);
    return views;
  }

  /** What is read of a view before it was read whole is not shown yet. */
  #accept(prefix: string, view: AnyView, part: Part): void {
    if (part.within === undefined) this.#copied.confirm(prefix);
    this.#belief.accept(view, part, () => {
      if (view.loaded) this.#changed(prefix);
    });
  }

  /** Once the time to doubt is over, what is still gone is gone. */
  #reread(): void {
    this.#endpoints.reread();
    this.#watches.reread();
  }

  #changed(prefix: string): void {
    this.#refresh();
    this.#teller.changed(prefix);
  }

  #refresh(): void {
    const views = { nodes: this.#nodes, networks: this.#networks, endpoints: this.#endpoints };
    this.#current = assembled(this.#current, views);
  }
}
