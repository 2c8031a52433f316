/**
 * Kicks what somebody damages: at once, but not without end. A container with CAP_NET_ADMIN can delete its own end of
 * a veth pair in a loop, and other networks shall not wait for its repairs.
 */
import { Pace } from '../../health/pace.js';

/** An operator who tries things out is not kept waiting; the promise of three seconds holds after that too. */
const BURST = 20;
const EVERY_MS = 2_000;
/** Lines of the log about one thing: enough for whatever breaks at once. */
const LINES = 100;
const LINE_MS = 10_000;

interface State {
  readonly pace: Pace;
  readonly lines: Pace;
  unlogged: number;
  timer?: NodeJS.Timeout | undefined;
}

export class Mending<K> {
  private readonly states = new Map<K, State>();

  constructor(private readonly kick: (key: K) => void) {}

  /** What is damaged while a kick waits is covered by it. */
  damaged(key: K): void {
    const state = this.state(key);
    if (state.timer !== undefined) return;
    const wait = state.pace.take();
    if (wait === 0) this.kick(key);
    else this.later(key, wait);
  }

  /** What could not be mended is tried again. */
  later(key: K, ms = EVERY_MS): void {
    const state = this.state(key);
    state.timer ??= setTimeout(() => {
      state.timer = undefined;
      this.damaged(key);
    }, ms).unref();
  }

  /** Has `log` tell of a repair, and how many were not told of before it; leaves it out when there are too many. */
  tell(key: K, log: (unlogged: number) => void): void {
    const state = this.state(key);
    if (state.lines.take() > 0) state.unlogged++;
    else {
      log(state.unlogged);
      state.unlogged = 0;
    }
  }

  forget(key: K): void {
    clearTimeout(this.states.get(key)?.timer);
    this.states.delete(key);
  }

  stop(): void {
    for (const { timer } of this.states.values()) clearTimeout(timer);
  }

  private state(key: K): State {
    const known = this.states.get(key);
    if (known !== undefined) return known;
    const state = { pace: new Pace(BURST, EVERY_MS), lines: new Pace(LINES, LINE_MS), unlogged: 0 };
    this.states.set(key, state);
    return state;
  }
}
