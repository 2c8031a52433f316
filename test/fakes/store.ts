/** A Store in memory with the real ones' semantics, and with failures on demand. */
import { StoreError } from '../../src/errors.js';
import type {
  Commit,
  Entry,
  Hold,
  Names,
  NamesHandlers,
  Op,
  Snapshot,
  Store,
  WatchHandlers,
} from '../../src/model/ports/ports.js';
import { keys } from '../../src/model/values/names.js';
import { Table } from '../../src/store/file/table.js';
import { formatHead, newRevision } from '../../src/store/records/heads.js';

/** Heads that tell of nothing: all of the owners is read. Once for each, for seeds have hundreds of endpoints. */
function headOps(changed: readonly string[]): readonly Op[] {
  const owners = new Set(
    changed.filter((key) => key.startsWith('endpoints/')).map((key) => key.split('/', 3).join('/')),
  );
  return [...owners].flatMap((owner): readonly Op[] => {
    const [, network = '', node = ''] = owner.split('/');
    return [
      { verb: 'deleteTree', prefix: keys.headsOf(network, node) },
      { verb: 'create', key: keys.head(network, node, newRevision()), value: formatHead([]) },
    ];
  });
}

export class FakeStore implements Store {
  readonly table = new Table();
  /** Every transaction that was asked for, failed ones too. */
  readonly commits: (readonly Op[])[] = [];
  /** Runs before each transaction: the place to let another host be faster. */
  beforeCommit: ((ops: readonly Op[]) => void | Promise<void>) | undefined;
  #down: StoreError | undefined;
  readonly #watches = new Set<{ tell: () => void; onError: (error: Error) => void; signal: AbortSignal }>();

  /** Seeds keys as another host would write them: that of a node with a session, which has ended since. */
  put(entries: Readonly<Record<string, string>>): this {
    this.forge(entries);
    for (const key of Object.keys(entries)) {
      if (!key.startsWith('nodes/') || this.table.get(key)?.everHeld) continue;
      this.table.mark(key, true);
      this.table.mark(key, false);
    }
    return this;
  }

  /** Writes keys as anybody can who may write to the store; whoever changes endpoints lets the others see it. */
  forge(entries: Readonly<Record<string, string>>): this {
    for (const [key, value] of Object.entries(entries)) this.table.commit([{ verb: 'set', key, value }]);
    this.table.commit(headOps(Object.keys(entries)));
    return this;
  }

  remove(key: string): this {
    this.table.commit([{ verb: 'delete', key }, ...headOps([key])]);
    return this;
  }

  /** From now on every call rejects, and the watches hear an error. */
  fail(error = new StoreError('the fake store is down', true)): void {
    this.#down = error;
    for (const { onError, signal } of this.#watches) if (!signal.aborted) onError(error);
  }

  /** Answers again; the watches get their snapshots. */
  recover(): void {
    this.#down = undefined;
    for (const { tell, signal } of this.#watches) if (!signal.aborted) tell();
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#check();
    return this.table.get(key);
  }

  async list(prefix: string): Promise<Snapshot> {
    this.#check();
    return this.table.list(prefix);
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return (await this.list(prefix)).entries.map((entry) => entry.key);
  }

  async commit(ops: readonly Op[]): Promise<Commit> {
    this.#check();
    if (ops.length > 64) throw new RangeError(`${ops.length} operations in one transaction, 64 at most`);
    this.commits.push(ops);
    await this.beforeCommit?.(ops);
    return this.table.commit(ops);
  }

  async children(prefix: string): Promise<Names> {
    this.#check();
    return this.table.children(prefix);
  }

  watch(prefix: string, { onSnapshot, onError }: WatchHandlers, signal: AbortSignal): void {
    this.#follow(() => onSnapshot(this.table.list(prefix)), onError, signal);
    const whileUp = (snapshot: Snapshot) => {
      if (!this.#down) onSnapshot(snapshot);
    };
    this.table.watch(prefix, { onSnapshot: whileUp }, signal);
  }

  watchNames(prefix: string, { onNames, onError }: NamesHandlers, signal: AbortSignal): void {
    this.#follow(() => onNames(this.table.names(prefix)), onError, signal);
    const whileUp = (names: Names) => {
      if (!this.#down) onNames(names);
    };
    this.table.watchNames(prefix, { onNames: whileUp }, signal);
  }

  #follow(tell: () => void, onError: (error: Error) => void, signal: AbortSignal): void {
    const watch = { tell, onError, signal };
    this.#watches.add(watch);
    signal.addEventListener('abort', () => this.#watches.delete(watch), { once: true });
    if (this.#down) onError(this.#down);
  }

  async hold(
    key: string,
    value: string,
    _onError: (error: Error) => void = () => {},
    onHeld: (sessions: number) => void = () => {},
  ): Promise<Hold> {
    const write = async (text: string) => {
      await this.commit([{ verb: 'set', key, value: text }]);
      this.table.mark(key, true);
      onHeld(1);
    };
    await write(value);
    return { write, release: async () => this.table.mark(key, false) };
  }

  async close(): Promise<void> {}

  #check(): void {
    if (this.#down) throw this.#down;
  }
}
