/** What keeps the views of nodes and networks fed, each with a status row. */
import type { Reason } from '../../health/entry.js';
import type { RowsOf } from '../../health/row.js';
import type { Store } from '../../model/ports/ports.js';
import { type FeedEnds, withRow } from '../feed/fed.js';
import type { Reads } from '../feed/reads.js';
import { RecordFeed } from '../feed/record-feed.js';
import type { Part, PrefixView } from '../prefix/prefix-view.js';

export type AnyView = Omit<PrefixView<unknown, unknown>, 'records'>;

export interface WatchesParts {
  readonly store: Pick<Store, 'watch' | 'watchNames'>;
  readonly reads: Reads;
  /** By prefix. */
  readonly rows: RowsOf<Reason>;
  readonly accept: (prefix: string, view: AnyView, part: Part) => void;
}

export class Watches {
  #lastError = '';
  /** How the watch is begun anew; not before it was begun. */
  #watchAgain: (() => void) | undefined;
  /** None before it is started. */
  #feed: Pick<RecordFeed<never>, 'look' | 'reread'> | undefined;

  constructor(private readonly parts: WatchesParts) {}

  /** For the end of a sentence: why the store did not answer last time. */
  get cause(): string {
    return this.#lastError === '' ? '' : `: ${this.#lastError}`;
  }

  trouble(error: Error): void {
    this.#lastError = error.message;
  }

  /** All records, whenever one changes; once. */
  watch(prefix: string, view: AnyView, signal: AbortSignal): void {
    const { accept: onSnapshot, onTrouble: onError } = this.#ends(prefix, view);
    let last = new AbortController();
    this.#watchAgain = () => {
      last.abort();
      if (signal.aborted) return;
      last = new AbortController();
      this.parts.store.watch(prefix, { onSnapshot, onError }, AbortSignal.any([signal, last.signal]));
    };
    this.#watchAgain();
  }

  /** The records that change; once. */
  feed<V>(prefix: string, view: PrefixView<unknown, V>, isSettled: (record: V) => boolean, signal: AbortSignal): void {
    const { reads, store } = this.parts;
    const feed = new RecordFeed({ prefix, reads, view, isSettled, signal, ...this.#ends(prefix, view) });
    this.#feed = feed;
    feed.start(store);
  }

  /** All of it is read anew. A list beside the watch might come after what that has told since, and fail unheard. */
  reread(): void {
    this.#watchAgain?.();
    this.#feed?.reread();
  }

  /** Resolves once the fed view has what the store has from now on; true when nothing of it is gone. */
  async look(view: Pick<AnyView, 'loaded' | 'gone'>): Promise<boolean> {
    await this.#feed?.look();
    return view.loaded && view.gone.size === 0;
  }

  #ends(prefix: string, view: AnyView): FeedEnds {
    return withRow(this.parts.rows.row(prefix), {
      accept: (part) => this.parts.accept(prefix, view, part),
      onTrouble: (error) => {
        view.fail(error);
        this.trouble(error);
      },
    });
  }
}
