/**
 * Keeps the view of one network's endpoints as the store has them: by the names of heads it knows whose endpoints have
 * changed, and reads these. One read of the network comes after the other, so that nothing older ever follows.
 */
import { keys } from '../../model/values/names.js';
import type { NetworkId } from '../../model/values/types.js';
import type { Part, PrefixView } from '../prefix/prefix-view.js';
import { type Read, soleHead } from '../records/heads.js';
import { Comparison } from './comparison.js';
import type { FeedEnds } from './fed.js';
import { Looks } from './looks.js';
import { OwnWrites } from './own-writes.js';
import { OwnerCounts, ownersOf } from './owners.js';
import { type News, Reached, type Told } from './reached.js';
import { type Reads, settled } from './reads.js';
import { Stepper } from './stepper.js';
import { type KeysPart, partOf, partSince, type SinceHead, type Written } from './written.js';

/** Owners that are read before the next look at what has changed. */
const BATCH = 8;
/** A network with so few owners is read by one request; a larger one owner by owner, for one turn must stay short. */
const FEW_OWNERS = 8;

export interface NetworkFeedParts extends FeedEnds {
  readonly network: NetworkId;
  readonly reads: Reads;
  readonly view: Pick<PrefixView<unknown, unknown>, 'entry' | 'keys' | 'has'>;
  /** How many networks are fed on this host. */
  readonly crowd: () => number;
}

export class NetworkFeed {
  #told: Told | undefined;
  readonly #reached = new Reached();
  readonly #known = new OwnerCounts();
  #isWhole = false;
  readonly #looks = new Looks();
  /** What this host writes itself, of which it is not told by reading. */
  readonly own = new OwnWrites(() => this.#steps.kick());
  readonly #comparison: Comparison;
  readonly #steps: Stepper;
  #isStopped = false;

  constructor(private readonly parts: NetworkFeedParts) {
    const { network, reads, crowd, onTrouble } = parts;
    this.#steps = new Stepper({ next: () => (this.#isStopped ? undefined : this.#next()), onTrouble });
    this.#comparison = new Comparison(network, reads, crowd, () => this.#steps.kick());
  }

  /** What the heads of this network are now. */
  tell(told: Told, news: News): void {
    this.#told = told;
    // The index goes back when the store forgets a removed head. No older state of it has these heads: each change of
    // endpoints gives them another random name.
    const isSame = news === 'back' && this.#reached.isAt(told.heads);
    if (isSame) this.#comparison.rewind(told.index);
    else if (news === 'back' || news === 'other') this.#isWhole = false;
    if (news === 'again') this.#comparison.soon();
    this.parts.reads.wake();
    this.#steps.kick();
  }

  /** All is read anew. */
  reread(): void {
    this.#isWhole = false;
    this.#steps.kick();
  }

  /** Resolves once the view has what the store has of an owner's endpoints from now on, or when the feed ends. */
  look(owner: string): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    const looked = this.#looks.ask(owner);
    this.#steps.kick();
    return looked;
  }

  stop(): void {
    this.#isStopped = true;
    this.#comparison.stop();
    this.#looks.answer(this.#looks.waiting());
  }

  #next(): (() => Promise<void>) | undefined {
    const told = this.#told;
    // Names first, then all endpoints: what changes in between has another name than these.
    if (told === undefined) return undefined;
    if (!this.#isWhole) return () => this.#readAll(told);
    // Between two reads, so that nothing older ever follows.
    const written = this.own.take();
    if (written !== undefined) return async () => this.#take(written, told);
    const asked = this.#looks.owners;
    const changed = this.#reached.reads(told, (owner) => this.#known.of(owner));
    const reads = [
      ...[...asked].map((owner): Read => ({ kind: 'owner', owner })),
      ...changed.filter(({ owner }) => !asked.has(owner) && !this.own.isUnderWay(told.heads.get(owner))),
    ].slice(0, BATCH);
    if (reads.length > 0) return () => this.#readEach(reads, told);
    const suspect = this.#comparison.next();
    return suspect === undefined ? undefined : () => this.#verify(suspect, told);
  }

  #take(written: Written, told: Told): void {
    const part = partOf(written, (key) => this.parts.view.entry(key));
    if (part === undefined) return;
    this.#reached.follow(written, told);
    this.#reached.found(part.entries, told);
    this.#accept(written.owner, part);
  }

  /** Some endpoints of an owner. */
  #accept(owner: string, part: KeysPart): void {
    const before = part.within.filter((key) => this.parts.view.has(key)).length;
    this.#known.set(owner, this.#known.of(owner) + part.entries.length - before);
    this.parts.accept(part);
  }

  async #readAll(told: Told): Promise<void> {
    const looks = this.#looks.waiting();
    // From now on: whoever wants all anew while this read is under way gets another one.
    this.#isWhole = true;
    try {
      const prefix = keys.endpoints(this.parts.network);
      const whole =
        told.heads.size <= FEW_OWNERS ? await this.parts.reads.list(prefix) : await this.#gather(prefix, told);
      if (this.#isStopped) return;
      this.parts.accept(whole);
      this.#known.reset(whole.entries);
      this.#comparison.done(whole.index);
      this.#reached.reset(told, whole.entries);
    } catch (e) {
      this.#isWhole = false;
      throw e;
    }
    this.#looks.answer(looks);
  }

  async #gather(prefix: string, told: Told): Promise<Part> {
    const found = await this.parts.reads.children(prefix);
    const owners = ownersOf(told.heads, this.parts.view.keys, found.keys);
    const parts = await settled(owners.map((owner) => this.#readOwner(owner, told)));
    return { entries: parts.flatMap((part) => part.entries), index: found.index };
  }

  async #readEach(reads: readonly Read[], told: Told): Promise<void> {
    await settled(
      reads.map(async (read) => {
        const looks = read.kind === 'owner' ? this.#looks.waiting(read.owner) : [];
        let revision: string | undefined;
        if (read.kind === 'owner') await this.#readOwner(read.owner, told);
        else revision = await this.#readChanges(read, told);
        this.#reached.set(read.owner, told.heads.get(read.owner), revision);
        this.#looks.answer(looks);
      }),
    );
  }

  async #readOwner(owner: string, told: Told): Promise<Part> {
    const within = keys.endpointsOf(this.parts.network, owner);
    const part = { ...(await this.parts.reads.list(within)), within };
    if (this.#isStopped) return part;
    this.parts.accept(part);
    this.#known.set(owner, part.entries.length);
    this.#comparison.seen(owner, part.index);
    this.#reached.whole(owner, part.entries, told);
    return part;
  }

  /** The revision of the owner's head as it is now. */
  async #readChanges({ owner, since }: Read & { kind: 'changes' }, told: Told): Promise<string | undefined> {
    const prefix = keys.headsOf(this.parts.network, owner);
    const sole = soleHead((await this.parts.reads.list(prefix)).entries, prefix);
    const within = keys.endpointsOf(this.parts.network, owner);
    const found = sole && partSince(sole, since, within, (key) => this.parts.view.entry(key));
    // Of half of them at once all are read as cheaply.
    if (found === undefined || found.left.length * 2 > this.#known.of(owner)) await this.#readOwner(owner, told);
    else await this.#readLeft(owner, found);
    return sole?.revision;
  }

  async #readLeft(owner: string, { part, left }: SinceHead): Promise<void> {
    // By list, which is consistent: an ordinary read may come from a leader that has just lost its office.
    const found = await settled(left.map((key) => this.parts.reads.list(key)));
    const read = found.flatMap((snapshot, i) => snapshot.entries.filter((entry) => entry.key === left[i]));
    const all = { ...part, entries: [...part.entries, ...read], within: [...part.within, ...left] };
    if (!this.#isStopped && all.within.length > 0) this.#accept(owner, all);
  }

  async #verify(suspect: string, told: Told): Promise<void> {
    if (suspect !== '') return this.#comparison.check(suspect, () => this.#readOwner(suspect, told));
    const owners = await this.#comparison.begin((found) => ownersOf(told.heads, this.parts.view.keys, found));
    // One request instead of two for each.
    if (owners > 0 && told.heads.size <= FEW_OWNERS) this.#isWhole = false;
  }
}
