/**
 * Whether a snapshot that takes records away may be believed. A store that was wiped or replaced looks just like one
 * from which all was removed; until every host has had time to publish anew what it holds, removals are not believed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isStoreError, messageOf } from '../../errors.js';
import { NOBODY, type RowPorts } from '../../health/row.js';
import type { Entry } from '../../model/ports/ports.js';
import { backoffMs, LONGEST_REFUSAL_MS } from '../backoff.js';
import type { Part, PrefixView } from '../prefix/prefix-view.js';

/** What RemovalTrust needs to know of the store. */
export interface Trust {
  /**
   * True when the store is the one we know. Rejects with a StoreError while it does not answer, or does not let us read
   * these keys: a list then lacks them without a word.
   */
  isKnown(lacking: readonly string[]): Promise<boolean>;
  /** The store answers again after it did not. */
  onReturn?(): void;
  /**
   * Entries that somebody removed from the store that we know. Resolves with the keys of those that this host has put
   * back, for it still has what they stand for. Rejects with a StoreError while the store does not answer.
   */
  reclaim(gone: readonly Entry[]): Promise<ReadonlySet<string>>;
}

/** Believes whatever the store says. */
export const BLIND: Trust = {
  isKnown: async () => true,
  reclaim: async () => new Set(),
};

/** How long the other hosts may take to publish anew what they hold, ms. */
const DOUBT_MS = 15_000;
const RETRY_MS = 500;

type View = Pick<PrefixView<unknown, unknown>, 'apply' | 'drop' | 'restore' | 'settle' | 'gone' | 'readable' | 'error'>;

export class RemovalTrust {
  /** By the clock that nobody sets, ms. */
  private doubtUntil = 0;
  /** Views that lack something in the store, until we know whether to believe it, and whom to tell. */
  private readonly doubted = new Map<View, () => void>();
  private asking = false;
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly trust: Trust,
    /** Reads everything again, when the doubt is over. */
    private readonly reread: () => void,
    private readonly rows: RowPorts<'store.removals' | 'store.doubt'> = NOBODY,
  ) {}

  /** Told when the store is another one: whoever holds something publishes it now. */
  onDoubt(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** True while others may not have published yet what they hold. */
  get doubts(): boolean {
    return performance.now() < this.doubtUntil;
  }

  /** Applies at once what was read; what is gone goes once the store has been recognised. */
  accept(view: View, part: Part, changed: () => void): void {
    if (view.error) this.trust.onReturn?.();
    if (view.apply(part)) changed();
    if (view.gone.size === 0) this.doubted.delete(view);
    else if (this.doubts) view.settle();
    else {
      this.doubted.set(view, changed);
      if (!this.asking) void this.ask();
    }
  }

  private async ask(): Promise<void> {
    this.asking = true;
    let refusals = 0;
    const row = this.rows.of('store.removals').row();
    while (this.doubted.size > 0) {
      try {
        await this.decide();
        row.ok();
      } catch (e) {
        // Whatever it was: until it is known, nothing is believed to be gone, and what comes later is to be asked too.
        row.failing({ reason: messageOf(e) });
        const ms = isStoreError(e) && e.persists ? backoffMs(++refusals, Math.random(), LONGEST_REFUSAL_MS) : RETRY_MS;
        await sleep(ms, undefined, { ref: false });
      }
    }
    this.asking = false;
  }

  private async decide(): Promise<void> {
    // Only of what was gone before we asked whether the store is the one we know.
    const judged = [...this.doubted].map(([view, changed]) => ({ view, changed, keys: [...view.gone] }));
    if (!(await this.trust.isKnown(judged.flatMap(({ keys }) => keys.slice(0, 1))))) {
      this.suspect();
      for (const view of this.doubted.keys()) view.settle();
      this.doubted.clear();
      return;
    }
    const back = await this.trust.reclaim(judged.flatMap(({ view, keys }) => view.readable(keys)));
    for (const { view, changed, keys } of judged) {
      view.restore(keys.filter((key) => back.has(key)));
      if (view.drop(keys.filter((key) => !back.has(key)))) changed();
      if (view.gone.size === 0) this.doubted.delete(view);
    }
  }

  /** The store is another one. */
  suspect(): void {
    this.distrust();
    for (const tell of this.listeners) tell();
  }

  /** From now on, for a while, nothing is believed to be gone. */
  distrust(): void {
    this.doubtUntil = performance.now() + DOUBT_MS;
    const row = this.rows.of('store.doubt').row();
    row.degraded({});
    setTimeout(() => {
      if (!this.doubts) row.ok();
      this.reread();
    }, DOUBT_MS + RETRY_MS).unref();
  }
}
