/** Watches the heads of networks: a bounded number of blocking queries, whatever the number of the networks. */
import type { Names, Store } from '../../model/ports/ports.js';
import type { NetworkId } from '../../model/values/types.js';
import { type Heads, headsAmong, watchesFor } from '../records/heads.js';
import type { News } from './network-feed.js';

interface Watch {
  networks: readonly NetworkId[];
  readonly stop: AbortController;
  /** What was told last. */
  heads?: ReadonlyMap<NetworkId, Heads>;
}

const NONE: Heads = new Map();

export class HeadWatch {
  #watches = new Map<string, Watch>();

  constructor(
    private readonly store: Pick<Store, 'watchNames'>,
    private readonly onHeads: (network: NetworkId, heads: Heads, news: News) => void,
    private readonly onError: (error: Error) => void,
    private readonly signal: AbortSignal,
    /** Told of keys that are no heads, at each news: the first, and how many more there are. */
    private readonly onOthers: (key: string, more: number) => void = () => {},
  ) {}

  /** From now on these networks; for one whose heads are known already they are told at once. */
  follow(networks: readonly NetworkId[]): void {
    const wanted = watchesFor(networks);
    for (const [prefix, { stop }] of this.#watches) if (!wanted.has(prefix)) stop.abort();
    const before = this.#watches;
    this.#watches = new Map([...wanted].map(([prefix, ids]) => [prefix, this.#watch(prefix, ids, before.get(prefix))]));
  }

  /** Whoever follows this network again hears of it anew. */
  forget(network: NetworkId): void {
    for (const watch of this.#watches.values()) watch.networks = watch.networks.filter((id) => id !== network);
  }

  #watch(prefix: string, networks: readonly NetworkId[], known: Watch | undefined): Watch {
    if (known === undefined) return this.#begin(prefix, networks);
    const added = networks.filter((id) => !known.networks.includes(id));
    known.networks = networks;
    if (known.heads) for (const id of added) this.onHeads(id, known.heads.get(id) ?? NONE, undefined);
    return known;
  }

  #begin(prefix: string, networks: readonly NetworkId[]): Watch {
    const watch: Watch = { networks, stop: new AbortController() };
    let index = 0;
    let hasFailed = false;
    const onNames = (names: Names) => {
      const news: News = names.index < index ? 'back' : hasFailed ? 'again' : undefined;
      [index, hasFailed] = [names.index, false];
      const others: string[] = [];
      watch.heads = headsAmong(names.keys, (key) => others.push(key));
      if (others[0] !== undefined) this.onOthers(others[0], others.length - 1);
      for (const id of watch.networks) this.onHeads(id, watch.heads.get(id) ?? NONE, news);
    };
    const onError = (error: Error) => {
      hasFailed = true;
      this.onError(error);
    };
    this.store.watchNames(prefix, { onNames, onError }, AbortSignal.any([this.signal, watch.stop.signal]));
    return watch;
  }
}
