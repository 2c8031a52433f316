/** The embedded store of a single host: one JSON file, read whole at open and written whole at each change. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDiskTrouble, messageOf, StoreError, UserError } from '../../errors.js';
import { NOBODY, type RowPorts } from '../../health/row.js';
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
} from '../../model/ports/ports.js';
import { closedError } from '../closed.js';
import { type FileStoreLog, load, save } from './content.js';
import type { Table } from './table.js';

/** As Consul has it, so that nothing works here that fails there. */
const MAX_OPS = 64;
/** A full disk gets room again, ms. */
const RETRY_MS = 30_000;

/** Whoever waits until the disk has all up to an index. */
interface Waiting {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class FileStore implements Store {
  readonly #closed = new AbortController();
  #waiting: readonly Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** The index of the last commit, and that which the disk has. */
  #committed: number;
  #saved: number;
  /** Keys that the disk does not have as they are here, and the index of the last change of each. */
  readonly #unsaved = new Map<string, number>();
  #again: NodeJS.Timeout | undefined;

  private constructor(
    private readonly path: string,
    private readonly table: Table,
    private readonly rows: RowPorts<'store.file'>,
  ) {
    this.#committed = table.index;
    this.#saved = table.index;
    table.onChange((keys) => {
      for (const key of keys) this.#unsaved.set(key, table.index);
    });
  }

  /**
   * Opens or makes the file; its folder is made when missing. A file that cannot be read as ours is set aside as
   * `<path>.broken-<time>`. Rejects with a UserError when the folder cannot be written or a newer release wrote it;
   * on a disk that is full or read-only it opens all the same, and commits fail until that is over.
   */
  static async open(path: string, log?: FileStoreLog, rows: RowPorts<'store.file'> = NOBODY): Promise<FileStore> {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const store = new FileStore(path, await load(path, log), rows);
      await store.#save().catch((error: unknown) => {
        if (!isDiskTrouble(error)) throw error;
      });
      return store;
    } catch (error) {
      if (error instanceof UserError) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new UserError(
        `DATA_DIR: ${dirname(path)} cannot be written (${code}); make it a writable folder or set DATA_DIR to one`,
        { cause: error },
      );
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    await this.#readable((changed) => changed === key);
    return this.table.get(key);
  }

  async list(prefix: string): Promise<Snapshot> {
    await this.#readable((changed) => changed.startsWith(prefix));
    return this.table.list(prefix);
  }

  async keys(prefix: string): Promise<readonly string[]> {
    await this.#readable((changed) => changed.startsWith(prefix));
    return this.table.names(prefix).keys;
  }

  async children(prefix: string): Promise<Names> {
    await this.#readable((changed) => changed.startsWith(prefix));
    return this.table.children(prefix);
  }

  /**
   * Seen by watchers at once, by readers and resolved when it is on the disk: whoever tries again after a failure takes
   * what it finds for done. As with Consul, a StoreError leaves open whether it was done. Throws a RangeError for more than
   * 64 operations.
   */
  async commit(ops: readonly Op[]): Promise<Commit> {
    if (ops.length > MAX_OPS) throw new RangeError(`${ops.length} operations in one transaction, ${MAX_OPS} at most`);
    // Another may have the file open by now.
    if (this.#closed.signal.aborted) throw closedError(this.path);
    const before = this.table.index;
    const commit = this.table.commit(ops);
    if (this.table.index !== before) this.#committed = this.table.index;
    await this.#durable();
    return commit;
  }

  watch(prefix: string, handlers: WatchHandlers, signal: AbortSignal): void {
    this.table.watch(prefix, handlers, AbortSignal.any([signal, this.#closed.signal]));
  }

  watchNames(prefix: string, handlers: NamesHandlers, signal: AbortSignal): void {
    this.table.watchNames(prefix, handlers, AbortSignal.any([signal, this.#closed.signal]));
  }

  /** Nobody can lose what a single process holds, so `onError` is never called. */
  async hold(
    key: string,
    value: string,
    _onError: (error: Error) => void,
    onHeld: (sessions: number) => void = () => {},
  ): Promise<Hold> {
    const write = async (text: string) => {
      const done = this.commit([{ verb: 'set', key, value: text }]);
      // Before anybody is told: a node that no session ever held is none.
      this.table.mark(key, true);
      await done;
      onHeld(1);
    };
    await write(value);
    return { write, release: async () => this.table.mark(key, false) };
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#durable().catch(() => undefined);
    await this.#writing;
    clearTimeout(this.#again);
  }

  /** What nobody has changed since the disk got it is there to be read, whatever else cannot be written. */
  async #readable(isRead: (key: string) => boolean): Promise<void> {
    if ([...this.#unsaved.keys()].some(isRead)) await this.#durable();
  }

  /** Resolves once the disk has all that was committed so far. Rejects with a StoreError when that cannot be written now. */
  async #durable(): Promise<void> {
    const index = this.#committed;
    if (index <= this.#saved) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiting = [...this.#waiting, { index, resolve, reject }];
      this.#writing ??= this.#write();
    });
  }

  /** All that was committed while the last write ran goes to the disk with the next one. */
  async #write(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const { index } = this.table;
      const failure = await this.#save().catch((error: unknown) => error);
      if (failure === undefined) this.#wasSaved(index);
      clearTimeout(this.#again);
      if (failure !== undefined)
        this.#again = setTimeout(() => void this.#durable().catch(() => undefined), RETRY_MS).unref();
      const served = this.#waiting.filter((each) => each.index <= index);
      this.#waiting = this.#waiting.filter((each) => each.index > index);
      for (const { resolve, reject } of served) {
        if (failure === undefined) resolve();
        else reject(new StoreError(`${this.path} cannot be written (${messageOf(failure)})`, true, { cause: failure }));
      }
    }
    this.#writing = undefined;
  }

  #wasSaved(index: number): void {
    this.#saved = index;
    for (const [key, changed] of this.#unsaved) if (changed <= index) this.#unsaved.delete(key);
  }

  async #save(): Promise<void> {
    const row = this.rows.of('store.file').row();
    try {
      await save(this.path, this.table);
      row.ok();
    } catch (e) {
      row.failing({ path: this.path, reason: messageOf(e) });
      throw e;
    }
  }
}
