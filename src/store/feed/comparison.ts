/**
 * Every few minutes a network's endpoints are compared with the store's, whatever the heads have told: somebody may have
 * written by hand, or we may have misunderstood something. The store tells until when nothing below a prefix has changed;
 * only owners whose endpoints changed since they were last read as a whole are read again, one after the other.
 */
import { keys } from '../../model/values/names.js';
import type { NetworkId } from '../../model/values/types.js';
import { momentIn } from '../spread.js';
import type { Reads } from './reads.js';

/** Spread over hosts and networks; of more than so many networks each is compared more rarely. */
const EVERY = { least: 120_000, most: 240_000, networks: 150 };
/** After an outage: no host may ask for much then, for all do. */
const SOON = { least: 1_000, most: 30_000, networks: 30 };
/** Between two owners that had to be read. */
const PACE_MS = 500;

export class Comparison {
  /** All changes up to this index were in what was read of all, and of some owners since. */
  #all = 0;
  readonly #owners = new Map<string, number>();
  /** '' for the comparison's beginning. */
  #suspects: string[] = [];
  #goal = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  constructor(
    private readonly network: NetworkId,
    private readonly reads: Reads,
    /** How many networks are compared on this host. */
    private readonly crowd: () => number,
    private readonly onDue: () => void,
  ) {
    this.#in(this.#after(EVERY));
  }

  /** All was read, as of this index. */
  done(index: number): void {
    this.#all = index;
    this.#owners.clear();
    this.#suspects = [];
    this.#in(this.#after(EVERY));
  }

  /** All of an owner was read. */
  seen(owner: string, index: number): void {
    this.#owners.set(owner, index);
  }

  /** The store's indexes went back to this one; what is here is what it has. */
  rewind(index: number): void {
    this.#all = Math.min(this.#all, index);
    this.#goal = Math.min(this.#goal, index);
    this.#owners.clear();
    this.#suspects = [];
    this.#in(this.#after(EVERY));
  }

  soon(): void {
    this.#in(this.#after(SOON));
  }

  /** The owner to look at, '' for the beginning of a comparison; undefined for nothing now. */
  next(): string | undefined {
    if (!this.#isDue) return undefined;
    return this.#suspects[0] ?? '';
  }

  /** Resolves with how many owners are to be looked at; none when nothing has changed since the last time. */
  async begin(ownersOf: (found: readonly string[]) => readonly string[]): Promise<number> {
    const found = await this.reads.children(keys.endpoints(this.network));
    this.#goal = found.index;
    this.#suspects = found.index <= this.#all ? [] : [...ownersOf(found.keys)];
    this.#in(this.#suspects.length === 0 ? this.#after(EVERY) : 0);
    return this.#suspects.length;
  }

  async check(owner: string, read: () => Promise<unknown>): Promise<void> {
    const { index } = await this.reads.children(keys.endpointsOf(this.network, owner).slice(0, -1));
    const isRead = index > (this.#owners.get(owner) ?? this.#all);
    if (isRead) await read();
    this.#suspects = this.#suspects.filter((other) => other !== owner);
    if (this.#suspects.length > 0) {
      this.#in(isRead ? PACE_MS : 0);
      return;
    }
    this.#all = this.#goal;
    this.#in(this.#after(EVERY));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Milliseconds, at random. */
  #after(spread: typeof EVERY): number {
    return momentIn(spread) * Math.max(1, this.crowd() / spread.networks);
  }

  #in(ms: number): void {
    clearTimeout(this.#timer);
    this.#isDue = ms === 0;
    if (ms === 0) return;
    this.#timer = setTimeout(() => {
      this.#isDue = true;
      this.onDue();
    }, ms).unref();
  }
}
