/**
 * Runs one pass per key: kicked by news, coalesced (news during a pass cause exactly one more), repeated on a timer,
 * and after a failure again with backoff. Never two passes of one key at a time. Each key has a status row.
 */
import { DeadlineError, isUserError, messageOf } from '../../errors.js';
import type { Reason } from '../../health/entry.js';
import type { RowPort } from '../../health/row.js';

export interface LoopOptions<K> {
  /** Repeats a key's pass even when nothing happened, ms. */
  readonly resyncMs: (key: K) => number;
  readonly row: (key: K) => Omit<RowPort<Reason>, 'degraded'>;
  /** Says what did not come about, for the DeadlineError of `settled`. */
  readonly describe: (key: K) => string;
}

interface Waiter {
  done(): void;
  /** A pass has failed of what no further pass puts right by itself. */
  refuse(error: Error): void;
}

interface KeyState {
  /** Or about to; never rejects. */
  running: Promise<void> | undefined;
  again: boolean;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  lastError: unknown;
  waiters: Waiter[];
}

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 10_000;

export class Loop<K> {
  private readonly states = new Map<K, KeyState>();
  private stopped = false;

  constructor(
    /** One pass. Returns false when the key needs no resync any more. */
    private readonly pass: (key: K) => Promise<boolean>,
    private readonly options: LoopOptions<K>,
  ) {}

  kick(key: K): void {
    if (this.stopped) return;
    const state = this.state(key);
    state.again = true;
    // What is told in the same turn, and who waits for it, are served by one pass.
    state.running ??= new Promise(setImmediate).then(() => this.run(key, state));
  }

  /**
   * Kicks, and resolves once a pass that began after this call has succeeded. Rejects with a UserError as soon as such a
   * pass has failed of one, for whoever waits is to read that; with a DeadlineError after `deadlineMs`.
   */
  async settled(key: K, deadlineMs: number): Promise<void> {
    const state = this.state(key);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        state.waiters = state.waiters.filter((w) => w !== waiter);
        const cause = state.lastError instanceof Error ? `: ${state.lastError.message}` : '';
        reject(new DeadlineError(`${this.options.describe(key)} was not ready within ${deadlineMs / 1000} s${cause}`));
      }, deadlineMs);
      const waiter: Waiter = {
        done: () => {
          clearTimeout(timer);
          resolve();
        },
        refuse: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      state.waiters.push(waiter);
      this.kick(key);
    });
  }

  /** No pass begins any more. Resolves once none is under way: until then the kernel and the store are in use. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const state of this.states.values()) clearTimeout(state.timer);
    await Promise.all([...this.states.values()].map(({ running }) => running));
  }

  private state(key: K): KeyState {
    const known = this.states.get(key);
    if (known !== undefined) return known;
    const state: KeyState = {
      running: undefined,
      again: false,
      failures: 0,
      timer: undefined,
      lastError: undefined,
      waiters: [],
    };
    this.states.set(key, state);
    this.options.row(key).pending();
    return state;
  }

  private async run(key: K, state: KeyState): Promise<void> {
    clearTimeout(state.timer);
    let keep = true;
    while (state.again && !this.stopped) {
      state.again = false;
      const waiters = state.waiters.splice(0);
      try {
        keep = await this.pass(key);
        state.failures = 0;
        state.lastError = undefined;
        if (keep) this.options.row(key).ok();
        for (const { done } of waiters) done();
      } catch (e) {
        state.failures++;
        state.lastError = e;
        if (isUserError(e)) for (const { refuse } of waiters) refuse(e);
        else state.waiters.unshift(...waiters);
        this.options.row(key).failing({ reason: messageOf(e) });
        break;
      }
    }
    state.running = undefined;
    this.schedule(key, state, keep);
  }

  private schedule(key: K, state: KeyState, keep: boolean): void {
    if (this.stopped) return;
    if (state.failures === 0 && !keep && !state.again && state.waiters.length === 0) {
      this.states.delete(key);
      this.options.row(key).gone();
      return;
    }
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (state.failures - 1), LAST_BACKOFF_MS);
    state.timer = setTimeout(() => this.kick(key), state.failures === 0 ? this.options.resyncMs(key) : backoff);
    state.timer.unref();
  }
}
