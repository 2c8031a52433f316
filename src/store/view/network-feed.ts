/**
 * Keeps the view of one network's endpoints as the store has them: by the names of heads it knows whose endpoints have
 * changed, and reads these. One read of the network comes after the other, so that nothing older ever follows.
 */
import { isStoreError } from '../../errors.js';
import type { Entry } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import type { EndpointId, NetworkId } from '../../model/values/types.js';
import { changedSince, type Heads, parseHead, type Reach, type Read, readsFor } from '../records/heads.js';
import { Comparison } from './comparison.js';
import type { Part, PrefixView } from './prefix-view.js';
import { type Reads, settled } from './reads.js';

/** Owners that are read before the next look at what has changed. */
const BATCH = 8;
/** Owners without a head that are looked at. */
const MOST_STRAYS = 256;
/** A network with so few owners is read by one request; a larger one owner by owner, for one turn must stay short. */
const FEW_OWNERS = 8;

interface Look {
  readonly owner: string;
  readonly done: () => void;
}

/** Why names are told, where it is not for a change: the watch had failed, or the index went backwards. */
export type News = 'again' | 'back' | undefined;

const ownerOf = (key: string): string => key.split('/', 3)[2] ?? '';

export class NetworkFeed {
  #told: Heads | undefined;
  #reached = new Map<string, Reach>();
  /** How many endpoints of an owner are known, by what was read last: to count them all would cost each change that much. */
  #known = new Map<string, number>();
  #isWhole = false;
  #looks: Look[] = [];
  readonly #comparison: Comparison;
  #isRunning = false;
  #isStopped = false;

  constructor(
    private readonly network: NetworkId,
    private readonly reads: Reads,
    private readonly view: Pick<PrefixView<unknown, unknown>, 'keys' | 'has'>,
    private readonly accept: (part: Part) => void,
    /** Told of a StoreError; it is tried again. */
    private readonly onTrouble: (error: Error) => void,
    /** How many networks are fed on this host. */
    crowd: () => number,
  ) {
    this.#comparison = new Comparison(network, reads, crowd, () => this.#kick());
  }

  /** What the heads of this network are now. */
  tell(heads: Heads, news: News): void {
    this.#told = heads;
    if (news === 'back') this.#isWhole = false;
    if (news === 'again') this.#comparison.soon();
    this.reads.wake();
    this.#kick();
  }

  /** All is read anew. */
  reread(): void {
    this.#isWhole = false;
    this.#kick();
  }

  /** Resolves once the view has what the store has of an owner's endpoints from now on, or when the feed ends. */
  look(owner: string): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((done) => {
      this.#looks.push({ owner, done });
      this.#kick();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#comparison.stop();
    for (const { done } of this.#looks.splice(0)) done();
  }

  #kick(): void {
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (;;) {
        // What comes in one turn is one step.
        await Promise.resolve();
        const step = this.#isStopped ? undefined : this.#next();
        if (step === undefined) return;
        await step().catch((e: unknown) => {
          if (!isStoreError(e)) throw e;
          this.onTrouble(e);
        });
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #next(): (() => Promise<void>) | undefined {
    const told = this.#told;
    // Names first, then all endpoints: what changes in between has another name than these.
    if (told === undefined) return undefined;
    if (!this.#isWhole) return () => this.#readAll(told);
    const asked = new Set(this.#looks.map((look) => look.owner));
    const changed = readsFor(told, this.#reached, (owner) => this.#known.get(owner) ?? 0);
    const reads = [
      ...[...asked].map((owner): Read => ({ kind: 'owner', owner })),
      ...changed.filter(({ owner }) => !asked.has(owner)),
    ].slice(0, BATCH);
    if (reads.length > 0) return () => this.#readEach(reads, told);
    const suspect = this.#comparison.next();
    return suspect === undefined ? undefined : () => this.#verify(suspect, told);
  }

  async #readAll(told: Heads): Promise<void> {
    const looks = [...this.#looks];
    // From now on: whoever wants all anew while this read is under way gets another one.
    this.#isWhole = true;
    try {
      const prefix = keys.endpoints(this.network);
      const whole = told.size <= FEW_OWNERS ? await this.reads.list(prefix) : await this.#gather(prefix, told);
      if (this.#isStopped) return;
      this.accept(whole);
      this.#known = countBy(whole.entries, (entry) => ownerOf(entry.key));
      this.#comparison.done(whole.index);
      this.#reached = new Map([...told].map(([owner, revision]) => [owner, { told: revision, read: revision }]));
    } catch (e) {
      this.#isWhole = false;
      throw e;
    }
    this.#answer(looks);
  }

  #answer(looks: readonly Look[]): void {
    this.#looks = this.#looks.filter((look) => !looks.includes(look));
    for (const { done } of looks) done();
  }

  async #gather(prefix: string, told: Heads): Promise<Part> {
    const found = await this.reads.children(prefix);
    const owners = this.#owners(told, found.keys);
    const entries: Entry[] = [];
    await settled(
      owners.map(async (owner) => {
        const part = await this.#readOwner(owner);
        for (const entry of part.entries) entries.push(entry);
      }),
    );
    return { entries, index: found.index };
  }

  async #readEach(reads: readonly Read[], told: Heads): Promise<void> {
    await settled(
      reads.map(async (read) => {
        const looks = read.kind === 'owner' ? this.#looks.filter((look) => look.owner === read.owner) : [];
        const revision = read.kind === 'owner' ? told.get(read.owner) : await this.#readChanges(read);
        if (read.kind === 'owner') await this.#readOwner(read.owner);
        this.#reach(read.owner, told.get(read.owner), revision);
        this.#answer(looks);
      }),
    );
  }

  #reach(owner: string, told: string | undefined, read: string | undefined): void {
    if (told === undefined) this.#reached.delete(owner);
    else this.#reached.set(owner, { told, read: read ?? told });
  }

  async #readOwner(owner: string): Promise<Part> {
    const within = keys.endpointsOf(this.network, owner);
    const part = { ...(await this.reads.list(within)), within };
    if (this.#isStopped) return part;
    this.accept(part);
    this.#knows(owner, part.entries.length);
    this.#comparison.seen(owner, part.index);
    return part;
  }

  /** The revision of the owner's head as it is now. */
  async #readChanges({ owner, since }: Read & { kind: 'changes' }): Promise<string | undefined> {
    const prefix = keys.headsOf(this.network, owner);
    const { entries } = await this.reads.list(prefix);
    const [head, another] = entries;
    const revision = head && another === undefined ? head.key.slice(prefix.length) : undefined;
    const changes = revision === undefined || head === undefined ? undefined : parseHead(head.value);
    const changed = changes && changedSince(changes, since);
    // Of half of them at once all are read as cheaply.
    if (changed === undefined || changed.size * 2 > (this.#known.get(owner) ?? 0)) await this.#readOwner(owner);
    else if (changed.size > 0) await this.#readEndpoints(owner, changed);
    return revision;
  }

  async #readEndpoints(owner: string, ids: ReadonlySet<EndpointId>): Promise<void> {
    const within = [...ids].map((id) => keys.endpoint(this.network, owner, id));
    // By list, which is consistent: an ordinary read may come from a leader that has just lost its office.
    const found = await settled(within.map((key) => this.reads.list(key)));
    const entries = found.flatMap((snapshot, i) => snapshot.entries.filter((entry) => entry.key === within[i]));
    if (this.#isStopped) return;
    const before = within.filter((key) => this.view.has(key)).length;
    this.#knows(owner, (this.#known.get(owner) ?? 0) + entries.length - before);
    this.accept({ entries, index: 0, within });
  }

  #knows(owner: string, endpoints: number): void {
    if (endpoints > 0) this.#known.set(owner, endpoints);
    else this.#known.delete(owner);
  }

  async #verify(suspect: string, told: Heads): Promise<void> {
    if (suspect !== '') {
      await this.#comparison.check(suspect, () => this.#readOwner(suspect));
      return;
    }
    const owners = await this.#comparison.begin((found) => this.#owners(told, found));
    // One request instead of two for each.
    if (owners > 0 && told.size <= FEW_OWNERS) this.#isWhole = false;
  }

  /** Each is read. Whoever has endpoints has a head; of others, however many somebody wrote by hand, only some. */
  #owners(told: Heads, children: readonly string[]): readonly string[] {
    const owners = new Set([...told.keys(), ...[...this.view.keys].map(ownerOf)]);
    const found = children.flatMap((child) => (child.endsWith('/') ? [child.slice(0, -1)] : []));
    return [...owners, ...found.filter((owner) => !owners.has(owner)).slice(0, MOST_STRAYS)];
  }
}

function countBy<T>(all: Iterable<T>, of: (one: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(of(one), (counts.get(of(one)) ?? 0) + 1);
  return counts;
}
