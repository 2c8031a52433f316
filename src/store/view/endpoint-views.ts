/** The endpoints of the networks that this host takes part in: a view for each, and what feeds it. */

import { keys } from '../../model/values/names.js';
import type { Endpoint, EndpointId, NetworkId } from '../../model/values/types.js';
import { withRow } from '../feed/fed.js';
import { HeadWatch, type HeadWatchParts } from '../feed/head-watch.js';
import { NetworkFeed } from '../feed/network-feed.js';
import type { OwnWrites } from '../feed/own-writes.js';
import type { Reads } from '../feed/reads.js';
import type { Part, PrefixView } from '../prefix/prefix-view.js';

export type EndpointsView = PrefixView<EndpointId, Endpoint>;

interface Subscription {
  readonly view: EndpointsView;
  readonly feed: NetworkFeed;
}

export interface EndpointViewsParts extends Pick<HeadWatchParts, 'store' | 'onOthers' | 'rows'> {
  readonly reads: Reads;
  readonly makeView: () => EndpointsView;
  /** Takes what was read of a view with this prefix. */
  readonly accept: (prefix: string, view: EndpointsView, part: Part) => void;
  readonly onTrouble: (error: Error) => void;
}

export class EndpointViews {
  readonly #subscriptions = new Map<NetworkId, Subscription>();
  #watch: HeadWatch | undefined;
  #isFollowing = false;

  constructor(private readonly parts: EndpointViewsParts) {}

  has(network: NetworkId): boolean {
    return this.#subscriptions.has(network);
  }

  *[Symbol.iterator](): IterableIterator<[NetworkId, EndpointsView]> {
    for (const [network, { view }] of this.#subscriptions) yield [network, view];
  }

  start(signal: AbortSignal): void {
    const { store, onTrouble: onError, onOthers, rows } = this.parts;
    const onHeads: HeadWatchParts['onHeads'] = (network, told, news) =>
      this.#subscriptions.get(network)?.feed.tell(told, news);
    this.#watch = new HeadWatch({ store, onHeads, onError, signal, onOthers, rows });
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    this.#follow();
  }

  add(network: NetworkId): void {
    const { reads, rows, accept, onTrouble } = this.parts;
    const view = this.parts.makeView();
    const prefix = keys.endpoints(network);
    const ends = withRow(rows.row(prefix), { accept: (part) => accept(prefix, view, part), onTrouble });
    const feed = new NetworkFeed({ network, reads, view, crowd: () => this.#subscriptions.size, ...ends });
    this.#subscriptions.set(network, { view, feed });
    this.#follow();
  }

  remove(network: NetworkId): void {
    this.#subscriptions.get(network)?.feed.stop();
    this.#subscriptions.delete(network);
    this.#watch?.forget(network);
    this.parts.rows.row(keys.endpoints(network)).gone();
    this.#follow();
  }

  /** See {@link NetworkFeed.look}; undefined for a network that is not watched. */
  look(network: NetworkId, owner: string): Promise<void> | undefined {
    return this.#subscriptions.get(network)?.feed.look(owner);
  }

  /** What this host writes of a network; undefined for one that is not watched. */
  ownWrites(network: NetworkId): OwnWrites | undefined {
    return this.#subscriptions.get(network)?.feed.own;
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
