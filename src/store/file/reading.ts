/**
 * The file of the embedded store for whoever is not the process that serves: that one has it in its memory, and whatever
 * another one writes is lost or loses what it wrote. So it is read anew whenever it has changed, and never touched.
 */
import { stat } from 'node:fs/promises';
import { hasCode, isUserError, messageOf, StoreError, UserError } from '../../errors.js';
import type { Commit, Entry, Hold, Names, Snapshot, Store } from '../../model/ports/ports.js';
import { read } from './content.js';
import type { Table } from './table.js';

/** What it does not tell of changes, see {@link polled}. */
export class FileReading implements Omit<Store, 'watch' | 'watchNames'> {
  private last: { readonly mark: string; readonly table: Promise<Table> } | undefined;

  /** `isHeld`: who holds what is in no file. */
  constructor(
    private readonly path: string,
    private readonly isHeld: (entry: Entry) => boolean,
  ) {}

  async get(key: string): Promise<Entry | undefined> {
    const entry = (await this.table()).get(key);
    return entry && this.seen(entry);
  }

  async list(prefix: string): Promise<Snapshot> {
    const { entries, index } = (await this.table()).list(prefix);
    return { entries: entries.map((entry) => this.seen(entry)), index };
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return (await this.table()).names(prefix).keys;
  }

  async children(prefix: string): Promise<Names> {
    return (await this.table()).children(prefix);
  }

  commit(): Promise<Commit> {
    return this.refused();
  }

  hold(): Promise<Hold> {
    return this.refused();
  }

  async close(): Promise<void> {}

  private async refused(): Promise<never> {
    throw new UserError(`${this.path} is written by the tsoverlay of this host alone: nothing was changed`);
  }

  private seen(entry: Entry): Entry {
    return this.isHeld(entry) ? { ...entry, held: true, everHeld: true } : entry;
  }

  /**
   * A file that is not there is one into which nothing was written yet. Rejects with a StoreError, as every store does:
   * who follows one takes all else for a defect.
   */
  private async table(): Promise<Table> {
    try {
      const mark = await markOf(this.path);
      if (this.last?.mark !== mark) this.last = { mark, table: read(this.path) };
      return await this.last.table;
    } catch (e) {
      this.last = undefined;
      // A newer release's file: that sentence says all.
      const words = isUserError(e) ? e.message : `${this.path} cannot be read (${messageOf(e)})`;
      throw new StoreError(words, false, { cause: e });
    }
  }
}

/** Another one after each write, for each is a file of its own. */
async function markOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs}`;
  } catch (e) {
    if (hasCode(e, 'ENOENT')) return '';
    throw e;
  }
}
