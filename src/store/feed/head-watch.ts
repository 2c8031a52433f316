/** Watches the heads of networks: a bounded number of blocking queries, whatever the number of the networks. */
import type { Reason } from '../../health/entry.js';
import type { RowsOf } from '../../health/row.js';
import type { Names, Store } from '../../model/ports/ports.js';
import type { NetworkId } from '../../model/values/types.js';
import { type Heads, headsAmong, watchesFor } from '../records/heads.js';
import type { News, Told } from './reached.js';

interface Watch {
  networks: readonly NetworkId[];
  readonly stop: AbortController;
  /** What was told last, and the store's index of it. */
  last?: { readonly heads: ReadonlyMap<NetworkId, Heads>; readonly index: number };
}

const NONE: Heads = new Map();

const newsOf = (isBack: boolean, hasFailed: boolean): News =>
  isBack ? (hasFailed ? 'other' : 'back') : hasFailed ? 'again' : undefined;

export interface HeadWatchParts {
  readonly store: Pick<Store, 'watchNames'>;
  readonly onHeads: (network: NetworkId, told: Told, news: News) => void;
  readonly onError: (error: Error) => void;
  readonly signal: AbortSignal;
  /** Told of keys that are no heads, at each news: the first, and how many more there are, -1 for one that is over. */
  readonly onOthers: (key: string, more: number) => void;
  /** By prefix. */
  readonly rows: RowsOf<Reason>;
}

export class HeadWatch {
  #watches = new Map<string, Watch>();

  constructor(private readonly parts: HeadWatchParts) {}

  /** From now on these networks; for one whose heads are known already they are told at once. */
  follow(networks: readonly NetworkId[]): void {
    const wanted = watchesFor(networks);
    for (const [prefix, { stop }] of this.#watches) {
      if (wanted.has(prefix)) continue;
      stop.abort();
      this.parts.rows.row(prefix).gone();
    }
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
    this.#tell(known, added, undefined);
    return known;
  }

  #tell({ last }: Watch, networks: readonly NetworkId[], news: News): void {
    if (last === undefined) return;
    for (const id of networks) this.parts.onHeads(id, { heads: last.heads.get(id) ?? NONE, index: last.index }, news);
  }

  #begin(prefix: string, networks: readonly NetworkId[]): Watch {
    const watch: Watch = { networks, stop: new AbortController() };
    let index = 0;
    let hasFailed = false;
    let other: string | undefined;
    const row = this.parts.rows.row(prefix);
    row.pending();
    const onNames = (names: Names) => {
      const news = newsOf(names.index < index, hasFailed);
      [index, hasFailed] = [names.index, false];
      row.ok();
      const others: string[] = [];
      watch.last = { heads: headsAmong(names.keys, (key) => others.push(key)), index };
      if (other !== undefined && other !== others[0]) this.parts.onOthers(other, -1);
      [other] = others;
      if (other !== undefined) this.parts.onOthers(other, others.length - 1);
      this.#tell(watch, watch.networks, news);
    };
    const onError = (error: Error) => {
      hasFailed = true;
      row.failing({ reason: error.message });
      this.parts.onError(error);
    };
    this.parts.store.watchNames(prefix, { onNames, onError }, AbortSignal.any([this.parts.signal, watch.stop.signal]));
    return watch;
  }
}
