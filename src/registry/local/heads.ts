/**
 * Writes endpoints of this host, and with each change the head by which the others see it (see store/records/heads.ts). Each
 * head follows the one before it: a transaction holds only if that still stands, and tells of what it told of. So a head
 * never tells of less than what has changed, whoever wrote in between, and whatever became of an answer.
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

/** How long a change waits for those before it while these go through, ms: under the 30 s after which an engine gives up. */
const LONGEST_WAIT_MS = 20_000;
/** What it has for itself then, ms. */
const LEAST_MS = 2_000;

/** An attempt and the endpoints that its operations change. */
export interface EndpointAttempt<T> extends Attempt<T> {
  readonly changes: readonly EndpointId[];
}

interface Head {
  readonly key: string;
  readonly revision: string;
  readonly index: number;
  readonly changes: readonly Change[];
}

export class Heads {
  /** As this process wrote them last. */
  private readonly known = new Map<NetworkId, Head>();
  private readonly turns = new Map<NetworkId, Mutex>();
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
    return { verb: 'deleteTree', prefix: keys.headsOf(network, this.owner) };
  }

  private async commit<T>(
    network: NetworkId,
    build: (failed: readonly number[]) => Promise<EndpointAttempt<T>>,
    commit: (build: (failed: readonly number[]) => Promise<Attempt<T>>) => Promise<Committed<T>>,
  ): Promise<Committed<T>> {
    let next: { readonly head: Omit<Head, 'index'>; readonly written: Omit<Written, 'index'> } | undefined;
    try {
      const done = await commit(async (failed) => {
        // A try before did not hold, or nobody knows whether it did.
        if (next !== undefined) this.known.delete(network);
        next = undefined;
        const attempt = await build(failed);
        if (attempt.ops.length === 0) return attempt;
        const before = this.known.get(network) ?? (await this.read(network));
        const head = this.following(network, before, attempt.changes);
        const ops = attempt.ops.filter((op) => this.isOfEndpoints(network, op));
        next = { head, written: { owner: this.owner, before: before?.revision, revision: head.revision, ops } };
        this.readers(network)?.begin(head.revision);
        return { result: attempt.result, ops: [...attempt.ops, ...this.ops(network, before, head, ops)] };
      });
      this.trouble = undefined;
      const { index } = done;
      if (next !== undefined) this.known.set(network, { ...next.head, index });
      this.readers(network)?.end(next && { ...next.written, index });
      return done;
    } catch (e) {
      this.known.delete(network);
      this.readers(network)?.end(undefined);
      this.trouble = isStoreError(e) ? e : undefined;
      throw e;
    }
  }

  private following(network: NetworkId, before: Head | undefined, ids: readonly EndpointId[]): Omit<Head, 'index'> {
    const revision = newRevision();
    const key = keys.head(network, this.owner, revision);
    return { key, revision, changes: following(before?.changes ?? [], revision, ids) };
  }

  private isOfEndpoints(network: NetworkId, op: Op): boolean {
    return (op.verb === 'deleteTree' ? op.prefix : op.key).startsWith(keys.endpoints(network));
  }

  private ops(
    network: NetworkId,
    before: Head | undefined,
    next: Omit<Head, 'index'>,
    ops: readonly Op[],
  ): readonly Op[] {
    const still: readonly Op[] = before ? [{ verb: 'check', key: before.key, index: before.index }] : [];
    return [
      ...still,
      { verb: 'deleteTree', prefix: keys.headsOf(network, this.owner) },
      { verb: 'create', key: next.key, value: formatHead(next.changes, ops) },
    ];
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
