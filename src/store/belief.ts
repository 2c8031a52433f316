/**
 * Whether a snapshot that takes records away may be believed. A store that was wiped or replaced looks just like one
 * from which all was removed; until every host has had time to publish anew what it holds, removals are not believed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isStoreError } from '../errors.js';
import type { Snapshot } from '../model/ports.js';
import type { PrefixView } from './prefix-view.js';

/** What Belief needs to know of the store. */
export interface Trust {
  /** True when the store is the one we know. Rejects with a StoreError while it does not answer. */
  isKnown(): Promise<boolean>;
  /** The store is another one: whoever holds something publishes it now. */
  onDoubt(): void;
}

/** How long the other hosts may take to publish anew what they hold, ms. */
const DOUBT_MS = 15_000;
const RETRY_MS = 500;

type View = Pick<PrefixView<unknown, unknown>, 'apply' | 'takesAway'>;

interface Candidate {
  readonly snapshot: Snapshot;
  readonly changed: () => void;
}

export class Belief {
  private doubtUntil = 0;
  /** Per view the newest snapshot that takes something away, until we know whether to believe it. */
  private readonly candidates = new Map<View, Candidate>();
  private asking = false;

  constructor(
    private readonly trust: Trust,
    /** Reads everything again, when the doubt is over. */
    private readonly reread: () => Promise<void>,
  ) {}

  /** Applies the snapshot at once, or in part, or once the store has been recognised. */
  accept(view: View, snapshot: Snapshot, changed: () => void): void {
    this.candidates.delete(view);
    if (!view.takesAway(snapshot)) {
      if (view.apply(snapshot)) changed();
    } else if (Date.now() < this.doubtUntil) {
      if (view.apply(snapshot, true)) changed();
    } else {
      this.candidates.set(view, { snapshot, changed });
      if (!this.asking) void this.ask();
    }
  }

  private async ask(): Promise<void> {
    this.asking = true;
    while (this.candidates.size > 0) {
      const known = await this.isKnown();
      if (known === undefined) {
        await sleep(RETRY_MS, undefined, { ref: false });
        continue;
      }
      if (!known) {
        this.distrust();
        this.trust.onDoubt();
      }
      for (const [view, { snapshot, changed }] of [...this.candidates]) {
        this.candidates.delete(view);
        if (view.apply(snapshot, !known)) changed();
      }
    }
    this.asking = false;
  }

  /** Undefined while the store does not answer. */
  private async isKnown(): Promise<boolean | undefined> {
    try {
      return await this.trust.isKnown();
    } catch (e) {
      if (isStoreError(e)) return undefined;
      throw e;
    }
  }

  /** From now on, for a while, nothing is believed to be gone. */
  distrust(): void {
    this.doubtUntil = Date.now() + DOUBT_MS;
    setTimeout(() => void this.reread().catch(() => undefined), DOUBT_MS + RETRY_MS).unref();
  }
}
