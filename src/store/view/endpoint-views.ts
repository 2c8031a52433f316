/** The endpoints of the networks that this host takes part in: a view for each, and what feeds it. */

import type { Reason } from '../../health/entry.js';
import type { RowsOf } from '../../health/row.js';
import type { Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import type { Endpoint, EndpointId, NetworkId } from '../../model/values/types.js';
import { HeadWatch } from '../feed/head-watch.js';
import { NetworkFeed } from '../feed/network-feed.js';
import type { Reads } from '../feed/reads.js';
import type { Part, PrefixView } from '../prefix/prefix-view.js';

export type EndpointsView = PrefixView<EndpointId, Endpoint>;

interface Subscription {
  readonly view: EndpointsView;
  readonly feed: NetworkFeed;
}

export class EndpointViews {
  readonly #subscriptions = new Map<NetworkId, Subscription>();
  #watch: HeadWatch | undefined;
  #isFollowing = false;

  constructor(
    private readonly store: Pick<Store, 'watchNames'>,
    private readonly reads: Reads,
    private readonly makeView: () => EndpointsView,
    /** Takes what was read of a view with this prefix. */
    private readonly accept: (prefix: string, view: EndpointsView, part: Part) => void,
    private readonly onTrouble: (error: Error) => void,
    /** See {@link HeadWatch}. */
    private readonly onOtherHeads: (key: string, more: number) => void,
    /** By prefix. */
    private readonly rows: RowsOf<Reason>,
  ) {}

  has(network: NetworkId): boolean {
    return this.#subscriptions.has(network);
  }

  *[Symbol.iterator](): IterableIterator<[NetworkId, EndpointsView]> {
    for (const [network, { view }] of this.#subscriptions) yield [network, view];
  }

  start(signal: AbortSignal): void {
    const onHeads: ConstructorParameters<typeof HeadWatch>[1] = (network, heads, news) =>
      this.#subscriptions.get(network)?.feed.tell(heads, news);
    this.#watch = new HeadWatch(this.store, onHeads, this.onTrouble, signal, this.onOtherHeads, this.rows);
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    this.#follow();
  }

  add(network: NetworkId): void {
    const view = this.makeView();
    const row = this.rows.row(keys.endpoints(network));
    row.pending();
    const accept = (part: Part) => {
      row.ok();
      this.accept(keys.endpoints(network), view, part);
    };
    const onTrouble = (error: Error) => {
      row.failing({ reason: error.message });
      this.onTrouble(error);
    };
    const crowd = () => this.#subscriptions.size;
    const feed = new NetworkFeed(network, this.reads, view, accept, onTrouble, crowd);
    this.#subscriptions.set(network, { view, feed });
    this.#follow();
  }

  remove(network: NetworkId): void {
    this.#subscriptions.get(network)?.feed.stop();
    this.#subscriptions.delete(network);
    this.#watch?.forget(network);
    this.rows.row(keys.endpoints(network)).gone();
    this.#follow();
  }

  /** See {@link NetworkFeed.look}; undefined for a network that is not watched. */
  look(network: NetworkId, owner: string): Promise<void> | undefined {
    return this.#subscriptions.get(network)?.feed.look(owner);
  }

  reread(): void {
    for (const { feed } of this.#subscriptions.values()) feed.reread();
  }

  /** Networks come by the hundred in one turn. */
  #follow(): void {
    if (this.#isFollowing || this.#watch === undefined) return;
    this.#isFollowing = true;
    queueMicrotask(() => {
      this.#isFollowing = false;
      this.#watch?.follow([...this.#subscriptions.keys()]);
    });
  }

  #stop(): void {
    for (const { feed } of this.#subscriptions.values()) feed.stop();
  }
}
