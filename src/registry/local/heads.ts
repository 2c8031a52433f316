/**
 * Writes endpoints of this host, and with each change the head by which the others see it (see store/records/heads.ts). Each
 * head follows the one before it: a transaction holds only if that still stands, and tells of what it told of. So a head
 * never tells of less than what has changed, whoever wrote in between, and whatever became of an answer. What is written
 * quietly is told of by the next head, which comes soon: a container's name follows its address, and all hosts would be
 * woken twice.
 */
import { Mutex } from 'async-mutex';
import { DeadlineError, isStoreError, type StoreError } from '../../errors.js';
import type { Op } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import type { EndpointId, NetworkId } from '../../model/values/types.js';
import type { OwnWrites } from '../../store/feed/own-writes.js';
import type { Written } from '../../store/feed/written.js';
import { type Change, following, formatHead, newRevision, soleHead } from '../../store/records/heads.js';
import { type Attempt, type Committed, STORE_DEADLINE_MS, type Transacting, transact } from '../changes/transact.js';
import { Untold } from './untold.js';

/** How long a change waits for those before it while these go through, ms: under the 30 s after which an engine gives up. */
const LONGEST_WAIT_MS = 20_000;
/** What it has for itself then, ms. */
const LEAST_MS = 2_000;

/** An attempt and the endpoints that its operations change. */
export interface EndpointAttempt<T> extends Attempt<T> {
  readonly changes: readonly EndpointId[];
  /** True when the others need not know before the next change, or {@link Heads.tell}; not for the first endpoint. */
  readonly isQuiet?: boolean;
}

interface Head {
  readonly key: string;
  readonly revision: string;
  readonly index: number;
  readonly changes: readonly Change[];
}

/** What goes with an attempt, and what is so once it went through; without a head when it is quiet. */
interface Next {
  readonly head?: Omit<Head, 'index'>;
  readonly written: Omit<Written, 'index'>;
  readonly ops: readonly Op[];
}

const opsOfEndpoints = (network: NetworkId, { ops }: EndpointAttempt<unknown>): readonly Op[] =>
  ops.filter((op) => (op.verb === 'deleteTree' ? op.prefix : op.key).startsWith(keys.endpoints(network)));

const still = ({ key, index }: Head): Op => ({ verb: 'check', key, index });

export class Heads {
  /** As this process wrote them last. */
  private readonly known = new Map<NetworkId, Head>();
  private readonly turns = new Map<NetworkId, Mutex>();
  private readonly untold = new Untold((network) => void this.tell(network));
  /** Why the last change failed, for those that waited for it in vain. */
  private trouble: StoreError | undefined;

  constructor(
    private readonly store: Transacting,
    private readonly owner: string,
    /** Who knows by that what this host has written without reading it. */
    private readonly readers: (network: NetworkId) => Pick<OwnWrites, 'begin' | 'end'> | undefined = () => undefined,
  ) {}

  /** As transact, for what changes endpoints of this host in one network. One change comes after the other. */
  async transact<T>(
    network: NetworkId,
    build: (failed: readonly number[]) => Promise<EndpointAttempt<T>>,
    commit: typeof transact = transact,
    deadlineMs = STORE_DEADLINE_MS,
  ): Promise<Committed<T>> {
    const since = performance.now();
    const turn = this.turns.get(network) ?? new Mutex();
    this.turns.set(network, turn);
    try {
      return await turn.runExclusive(() => {
        const waited = performance.now() - since;
        if (waited > deadlineMs && this.trouble !== undefined) throw this.trouble;
        if (waited > LONGEST_WAIT_MS) throw new DeadlineError('too much changed before this; try again');
        const left = Math.max(deadlineMs - waited, LEAST_MS);
        return this.commit(network, build, (attempt) => commit(this.store, attempt, left));
      });
    } finally {
      if (!this.known.has(network) && !turn.isLocked()) this.turns.delete(network);
    }
  }

  /** Part of the transaction by which this host leaves the network; the others read what is left, most likely nothing. */
  endOp(network: NetworkId): Op {
    this.known.delete(network);
    this.untold.told(network);
    return { verb: 'deleteTree', prefix: keys.headsOf(network, this.owner) };
  }

  /** Tells of what was written quietly, if no change has done so since. Never rejects: it is tried again. */
  async tell(network: NetworkId): Promise<void> {
    if (this.untold.endpoints(network).length === 0) return;
    try {
      await this.transact(network, async () => {
        const [standing] = (await this.store.list(keys.endpointsOf(network, this.owner))).entries;
        if (standing === undefined) this.untold.told(network);
        if (this.untold.endpoints(network).length === 0 || standing === undefined)
          return { ops: [], result: undefined, changes: [] };
        // Without it a head would be left in a network that went as a whole.
        const op: Op = { verb: 'check', key: standing.key, index: standing.index };
        return { ops: [op], result: undefined, changes: [] };
      });
    } catch {
      this.untold.wait(network);
    }
  }

  private async commit<T>(
    network: NetworkId,
    build: (failed: readonly number[]) => Promise<EndpointAttempt<T>>,
    commit: (build: (failed: readonly number[]) => Promise<Attempt<T>>) => Promise<Committed<T>>,
  ): Promise<Committed<T>> {
    let next: Next | undefined;
    try {
      const done = await commit(async (failed) => {
        // A try before did not hold, or nobody knows whether it did.
        if (next !== undefined) this.doubt(network);
        next = undefined;
        const attempt = await build(failed);
        if (attempt.ops.length === 0) return attempt;
        const last = this.known.get(network);
        next = attempt.isQuiet && last ? this.quiet(network, attempt, last) : await this.headed(network, attempt);
        this.readers(network)?.begin(next.written.revision);
        return { result: attempt.result, ops: [...attempt.ops, ...next.ops] };
      });
      this.trouble = undefined;
      const { index } = done;
      if (next?.head !== undefined) {
        this.known.set(network, { ...next.head, index });
        this.untold.told(network);
      }
      this.readers(network)?.end(next && { ...next.written, index });
      return done;
    } catch (e) {
      this.doubt(network);
      this.readers(network)?.end(undefined);
      this.trouble = isStoreError(e) ? e : undefined;
      throw e;
    }
  }

  /** Nobody knows what became of a change: the next one asks the store what it follows. */
  private doubt(network: NetworkId): void {
    this.known.delete(network);
    this.untold.sever(network);
  }

  /** Beside a head alone: whoever has endpoints has one, by which the others see that they have gone. */
  private quiet(network: NetworkId, attempt: EndpointAttempt<unknown>, last: Head): Next {
    const before = this.untold.revision(network) ?? last.revision;
    const revision = this.untold.add(network, attempt.changes);
    const written = { owner: this.owner, before, revision, ops: opsOfEndpoints(network, attempt) };
    return { written, ops: [still(last)] };
  }

  private async headed(network: NetworkId, attempt: EndpointAttempt<unknown>): Promise<Next> {
    const last = this.known.get(network) ?? (await this.read(network));
    const revision = newRevision();
    const key = keys.head(network, this.owner, revision);
    const changed = new Set([...this.untold.endpoints(network), ...attempt.changes]);
    const changes = following(last?.changes ?? [], revision, [...changed]);
    const ops = opsOfEndpoints(network, attempt);
    return {
      head: { key, revision, changes },
      written: { owner: this.owner, before: this.untold.revision(network) ?? last?.revision, revision, ops },
      ops: [
        ...(last ? [still(last)] : []),
        { verb: 'deleteTree', prefix: keys.headsOf(network, this.owner) },
        { verb: 'create', key, value: formatHead(changes, ops) },
      ],
    };
  }

  /** What an earlier process left. */
  private async read(network: NetworkId): Promise<Head | undefined> {
    const prefix = keys.headsOf(network, this.owner);
    const sole = soleHead((await this.store.list(prefix)).entries, prefix);
    if (sole === undefined) return undefined;
    const { entry, revision, head } = sole;
    return { key: entry.key, revision, index: entry.index, changes: head?.changes ?? [] };
  }
}
