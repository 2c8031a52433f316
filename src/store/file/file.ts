/** The embedded store of a single host: one JSON file, read whole at open and written whole at each change. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { hasCode, isDiskTrouble, messageOf, StoreError, UserError } from '../../errors.js';
import type { Log } from '../../health/events.js';
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
import { Table } from './table.js';

const VERSION = 1;
/** As Consul has it, so that nothing works here that fails there. */
const MAX_OPS = 64;

const versioned = z.object({ version: z.int() });
const content = z.object({
  index: z.int().nonnegative(),
  entries: z.array(
    z.object({
      key: z.string(),
      value: z.string(),
      index: z.int().positive(),
      // Not in the files of older releases, in which nobody else has written.
      born: z.int().positive().default(1),
      everHeld: z.boolean().default(true),
    }),
  ),
});

/** Where a broken file is told of. */
export type FileStoreLog = Pick<Log, 'warn'>;

export class FileStore implements Store {
  readonly #closed = new AbortController();
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #writing: Promise<void> | undefined;

  private constructor(
    private readonly path: string,
    private readonly table: Table,
    private readonly rows: RowPorts<'store.file'>,
  ) {}

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
    return this.table.get(key);
  }

  async list(prefix: string): Promise<Snapshot> {
    return this.table.list(prefix);
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return this.table.names(prefix).keys;
  }

  async children(prefix: string): Promise<Names> {
    return this.table.children(prefix);
  }

  /**
   * Seen by readers and watchers at once, resolved when it is on the disk. As with Consul, a StoreError leaves open
   * whether it was done. Throws a RangeError for more than 64 operations.
   */
  async commit(ops: readonly Op[]): Promise<Commit> {
    if (ops.length > MAX_OPS) throw new RangeError(`${ops.length} operations in one transaction, ${MAX_OPS} at most`);
    const before = this.table.index;
    const commit = this.table.commit(ops);
    if (this.table.index !== before) await this.#durable();
    return commit;
  }

  watch(prefix: string, handlers: WatchHandlers, signal: AbortSignal): void {
    this.table.watch(prefix, handlers, AbortSignal.any([signal, this.#closed.signal]));
  }

  watchNames(prefix: string, handlers: NamesHandlers, signal: AbortSignal): void {
    this.table.watchNames(prefix, handlers, AbortSignal.any([signal, this.#closed.signal]));
  }

  /** Nobody can lose what a single process holds, so `onError` is never called. */
  async hold(key: string, value: string, _onError: (error: Error) => void, onHeld = () => {}): Promise<Hold> {
    const write = async (text: string) => {
      const done = this.commit([{ verb: 'set', key, value: text }]);
      // Before anybody is told: a node that no session ever held is none.
      this.table.mark(key, true);
      await done;
      onHeld();
    };
    await write(value);
    return { write, release: async () => this.table.mark(key, false) };
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#writing;
  }

  #durable(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** All that was committed while the last write ran goes to the disk with the next one. */
  async #write(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const served = this.#waiting;
      this.#waiting = [];
      const failure = await this.#save().catch((error: unknown) => error);
      for (const { resolve, reject } of served) {
        if (failure === undefined) resolve();
        else reject(new StoreError(`${this.path} cannot be written (${messageOf(failure)})`, true, { cause: failure }));
      }
    }
    this.#writing = undefined;
  }

  /** A power loss at any moment leaves the old file or the new one, whole. */
  async #save(): Promise<void> {
    const row = this.rows.of('store.file').row();
    try {
      await this.#replace();
      row.ok();
    } catch (e) {
      row.failing({ path: this.path, reason: messageOf(e) });
      throw e;
    }
  }

  async #replace(): Promise<void> {
    const { entries, index } = this.table.list('');
    const rows = entries.map(({ held: _, ...row }) => row);
    await writeDurably(`${this.path}.new`, `${JSON.stringify({ version: VERSION, index, entries: rows })}\n`);
    await rename(`${this.path}.new`, this.path);
    await syncFolder(dirname(this.path));
  }
}

async function load(path: string, log?: FileStoreLog): Promise<Table> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return new Table();
  try {
    return parse(path, JSON.parse(text));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const aside = `${path}.broken-${new Date().toISOString().replaceAll(':', '')}`;
    await rename(path, aside);
    log?.warn(
      { event: 'file-set-aside', err: error, path, aside },
      'the store file is broken: set aside, starting empty',
    );
    return new Table();
  }
}

function parse(path: string, json: unknown): Table {
  const { version } = versioned.parse(json);
  if (version > VERSION)
    throw new UserError(`${path} was written by a newer release (version ${version}); run that or remove the file`);
  const { index, entries } = content.parse(json);
  return new Table(index, entries);
}

async function writeDurably(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
