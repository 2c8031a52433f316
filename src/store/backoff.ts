/** How long a server is left alone that does not do as asked, and that one watch tries it before the others do. */
import type { StoreError } from '../errors.js';
import { type RowPort, UNHEARD } from '../health/row.js';

/** A host that was cut off has the names of the others back this soon after it can reach Consul again. */
const LONGEST_MS = 1_500;
/** What it answers while it works, and will answer to the next one too: a refusal, too many connections, a defect. */
export const LONGEST_REFUSAL_MS = 30_000;
/** A query that waits for news is refused at once, or not at all: after an answer and so long without a failure it waits, ms. */
const CALM_MS = 2_000;

/** Milliseconds to wait after `failures` failing tries in a row; `random` is 0 to 1. */
export function backoffMs(failures: number, random: number, longest = LONGEST_MS): number {
  return Math.min(longest, 250 * 2 ** (failures - 1)) * (0.5 + random / 2);
}

/** Leave to ask a server: as all others, or as the one that finds out whether it answers again. */
export type Leave = 'all' | 'trial';

export class Backoff {
  #failures = 0;
  #isClosed = false;
  #isTried = false;
  /** By the clock that nobody sets, ms. */
  #until = 0;
  /** Until the row is believed to be over. */
  #calming: NodeJS.Timeout | undefined;
  readonly #wakes = new Set<() => void>();

  constructor(
    /** Says what the last query failed of, until a blocking one succeeds or none has failed for a while. */
    private readonly row: RowPort<{ readonly reason: string; readonly refused: boolean }> = UNHEARD.row(),
  ) {}

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /**
   * Undefined while nobody may ask. Whoever gets leave says how it went. A query that blocks is no trial: the others
   * would wait for it.
   */
  take(isBlocking: boolean): Leave | undefined {
    if (!this.#isClosed) return 'all';
    if (performance.now() < this.#until) return undefined;
    if (isBlocking) return 'all';
    if (this.#isTried) return undefined;
    this.#isTried = true;
    return 'trial';
  }

  /** An answer lets all others ask. Only a blocking query proves that blocking queries are answered. */
  answered(leave: Leave, isBlocking: boolean): void {
    if (leave === 'trial') this.#open();
    if (!isBlocking) {
      if (this.#failures > 0) this.#calming ??= setTimeout(() => this.row.ok(), CALM_MS).unref();
      return;
    }
    this.#open();
    this.#failures = 0;
    this.#fret();
    this.row.ok();
  }

  /** Of many queries that fail together only the first counts. */
  failed(leave: Leave, error: StoreError): void {
    this.#fret();
    this.row.failing({ reason: error.message, refused: error.persists });
    if (leave === 'all' && this.#isClosed) return;
    this.#failures += 1;
    this.#isClosed = true;
    this.#isTried = false;
    const longest = error.persists ? LONGEST_REFUSAL_MS : LONGEST_MS;
    this.#until = performance.now() + backoffMs(this.#failures, Math.random(), longest);
    this.#wake();
  }

  /** Whoever had leave does not want an answer any more. */
  dropped(leave: Leave): void {
    if (leave === 'trial') this.#isTried = false;
    this.#wake();
  }

  /** Calls once, when asking for leave may have another result than now. Returns how to end it. */
  onChange(listener: () => void): () => void {
    const end = () => {
      clearTimeout(timer);
      this.#wakes.delete(wake);
    };
    const wake = () => {
      end();
      listener();
    };
    const left = this.#until - performance.now();
    const timer = left > 0 ? setTimeout(wake, left) : undefined;
    this.#wakes.add(wake);
    return end;
  }

  #fret(): void {
    clearTimeout(this.#calming);
    this.#calming = undefined;
  }

  #open(): void {
    this.#isClosed = false;
    this.#isTried = false;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}
