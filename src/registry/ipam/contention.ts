/**
 * Whether other hosts want addresses of the same pool right now. A host alone takes the lowest free one, and of many
 * that ask at once all but one would lose, again and again. So the first request of a host tries the lowest, those
 * behind it wait for what comes of that, and hosts that have lost choose at random among many of the lowest.
 */
import type { Cidr } from '../../model/values/types.js';

/** Addresses to choose among for each request that waits: the others will have as many, on hosts that we cannot count. */
const WIDTH = 64;
const LARGEST = 8_192;
/** What a try has told holds for so long, ms. */
const FRESH_MS = 3_000;

interface State {
  /** Requests under way. */
  pending: number;
  /** How many addresses to choose among at least, and since when. */
  width: number;
  at: number;
  /** Resolves once it is known whether the first request has lost; undefined when none is awaited. */
  first: Promise<void> | undefined;
  known: () => void;
}

export class Contention {
  private readonly states = new Map<Cidr, State>();

  constructor(private readonly random: () => number = Math.random) {}

  /** Runs one request for an address of the pool, the first of several before the others. */
  async run<T>(pool: Cidr, request: () => Promise<T>): Promise<T> {
    const state = this.state(pool);
    state.pending++;
    try {
      if (state.first !== undefined) await state.first;
      else if (performance.now() - state.at > FRESH_MS) this.beFirst(state);
      const result = await request();
      this.tell(state, state.width);
      return result;
    } finally {
      state.pending--;
      state.known();
      if (state.pending === 0 && performance.now() - state.at > FRESH_MS) this.states.delete(pool);
    }
  }

  /** Another host was faster. */
  lost(pool: Cidr): void {
    const state = this.state(pool);
    this.tell(state, state.width === 1 ? WIDTH : Math.min(LARGEST, 2 * roomOf(state)));
  }

  /** Which of the free addresses to try, counted from 0. */
  choose(pool: Cidr): number {
    return Math.floor(this.random() * roomOf(this.state(pool)));
  }

  private beFirst(state: State): void {
    state.width = 1;
    state.first = new Promise((resolve) => {
      state.known = () => {
        state.first = undefined;
        resolve();
      };
    });
  }

  private tell(state: State, width: number): void {
    state.width = width;
    state.at = performance.now();
    state.known();
  }

  private state(pool: Cidr): State {
    const state = this.states.get(pool) ?? {
      pending: 0,
      width: 1,
      at: Number.NEGATIVE_INFINITY,
      first: undefined,
      known: () => {},
    };
    this.states.set(pool, state);
    return state;
  }
}

/** How many addresses to choose among now: requests that came after the race was lost need room too. */
const roomOf = ({ width, pending }: State): number => (width === 1 ? 1 : Math.max(width, WIDTH * pending));
