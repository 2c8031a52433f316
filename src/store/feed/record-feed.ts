/**
 * Keeps the view of records that lie side by side below one prefix. Their keys are watched: the names, and that some
 * record below has changed. A record that is new is read by itself, and so is each that is not settled yet, for that one
 * will change; if what was read explains the store's index, it is what has changed. Else, and a while after any change
 * (two may come as one), all are read.
 */
import type { Names, Store } from '../../model/ports/ports.js';
import type { PrefixView } from '../prefix/prefix-view.js';
import { momentIn } from '../spread.js';
import type { FeedEnds } from './fed.js';
import { type Reads, settled } from './reads.js';
import { Stepper } from './stepper.js';

/** So few records are read by one request, which leaves nothing to explain. */
const FEW = 16;
/** More new ones than so many are read together with all the others. */
const MOST_SINGLE = 16;
/** After what was explained, at random: hosts shall not all read everything at once. */
const PROOF_MS = { least: 5_000, most: 15_000 };

export interface RecordFeedParts<V> extends FeedEnds {
  readonly prefix: string;
  readonly reads: Reads;
  readonly view: Pick<PrefixView<unknown, V>, 'entry' | 'keys' | 'has' | 'unsettled'>;
  /** False for one that its writer will change soon. */
  readonly isSettled: (record: V) => boolean;
  readonly signal: AbortSignal;
}

export class RecordFeed<V> {
  /** What the watch told last. */
  #told: Names | undefined;
  /** All changes up to this index were told, and what they were about was read. */
  #index = 0;
  #isWhole = false;
  #looks: (() => void)[] = [];
  #proof: NodeJS.Timeout | undefined;
  readonly #steps: Stepper;

  constructor(private readonly parts: RecordFeedParts<V>) {
    const { signal, onTrouble } = parts;
    this.#steps = new Stepper({ next: () => (signal.aborted ? undefined : this.#next()), onTrouble });
    signal.addEventListener('abort', () => this.#stop(), { once: true });
  }

  start(store: Pick<Store, 'watchNames'>): void {
    let hasFailed = false;
    const onNames = (names: Names) => {
      const isBack = names.index < (this.#told?.index ?? 0);
      // A store that was away may be another one.
      if (hasFailed || (isBack && !this.#isOf(names))) this.#isWhole = false;
      else if (isBack) this.#index = names.index;
      hasFailed = false;
      this.#told = names;
      this.parts.reads.wake();
      this.#steps.kick();
    };
    const onError = (error: Error) => {
      hasFailed = true;
      this.parts.onTrouble(error);
    };
    store.watchNames(this.parts.prefix, { onNames, onError }, this.parts.signal);
  }

  /** All is read anew. */
  reread(): void {
    this.#isWhole = false;
    this.#steps.kick();
  }

  /** Resolves once the view has what the store has from now on, or when the feed ends. */
  look(): Promise<void> {
    if (this.parts.signal.aborted) return Promise.resolve();
    return new Promise((done) => {
      this.#looks.push(done);
      this.#steps.kick();
    });
  }

  /**
   * The index goes back when the store forgets a removed key, to that of the newest record. An older state that has the
   * newest one that is known here has all others, too.
   */
  #isOf({ keys, index }: Names): boolean {
    const known = [...this.parts.view.keys].filter((key) => this.parts.view.has(key));
    const newest = keys.reduce(
      (most, key) => Math.max(most, this.parts.view.entry(key)?.index ?? Number.POSITIVE_INFINITY),
      0,
    );
    return known.length === keys.length && newest === index;
  }

  #next(): (() => Promise<void>) | undefined {
    const told = this.#told;
    if (told === undefined) return undefined;
    if (!this.#isWhole || (told.keys.length <= FEW && told.index > this.#index)) return () => this.#readAll();
    if (this.#looks.length > 0) return () => this.#lookAgain();
    return told.index > this.#index ? () => this.#readChanged(told) : undefined;
  }

  async #readAll(): Promise<void> {
    const looks = [...this.#looks];
    // From now on: whoever wants all anew while this read is under way gets another one.
    this.#isWhole = true;
    clearTimeout(this.#proof);
    this.#proof = undefined;
    try {
      const whole = await this.parts.reads.list(this.parts.prefix);
      if (this.parts.signal.aborted) return;
      this.#index = whole.index;
      this.parts.accept(whole);
    } catch (e) {
      this.#isWhole = false;
      throw e;
    }
    this.#answer(looks);
  }

  async #lookAgain(): Promise<void> {
    const looks = [...this.#looks];
    const { keys, index } = await this.parts.reads.children(this.parts.prefix);
    await this.#readChanged({ keys: keys.map((key) => this.parts.prefix + key), index });
    if (this.#isWhole) this.#answer(looks);
  }

  async #readChanged({ keys, index }: Names): Promise<void> {
    const named = new Set(keys);
    const gone = [...this.parts.view.keys].filter((key) => !named.has(key) && this.parts.view.has(key));
    const unsettled = this.parts.view.unsettled(this.parts.isSettled).filter((key) => named.has(key));
    const wanted = [...new Set([...keys.filter((key) => !this.parts.view.has(key)), ...unsettled])];
    if (wanted.length > MOST_SINGLE) {
      this.#isWhole = false;
      return;
    }
    // By list, which is consistent: an ordinary read may come from a leader that has just lost its office.
    const found = await settled(wanted.map((key) => this.parts.reads.list(key)));
    if (this.parts.signal.aborted) return;
    const entries = found.flatMap((snapshot, i) => snapshot.entries.filter((entry) => entry.key === wanted[i]));
    const isExplained = gone.length > 0 || entries.some((entry) => entry.index >= index);
    if (isExplained) this.#index = Math.max(this.#index, index);
    else if (index > this.#index) this.#isWhole = false;
    if (wanted.length > 0 || gone.length > 0)
      this.parts.accept({ entries, index: 0, within: [...wanted, ...gone], ...(isExplained && { upTo: index }) });
    if (isExplained) this.#prove();
  }

  #prove(): void {
    this.#proof ??= setTimeout(() => this.reread(), momentIn(PROOF_MS)).unref();
  }

  #answer(looks: readonly (() => void)[]): void {
    this.#looks = this.#looks.filter((done) => !looks.includes(done));
    for (const done of looks) done();
  }

  #stop(): void {
    clearTimeout(this.#proof);
    this.#answer(this.#looks);
  }
}
