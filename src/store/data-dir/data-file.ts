/**
 * One JSON file of DATA_DIR. What it holds can be learned again, so of a file that cannot be read or written a row tells,
 * and all goes on without it; one that a newer release wrote is left as it is.
 */
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import * as z from 'zod';
import { hasCode } from '../../errors.js';
import type { RowPorts } from '../../health/row.js';

/** The version that we write. */
const VERSION = 1;
/** One that lies there already, somebody else's perhaps, is not written into. */
const FRESH = { mode: 0o600, flag: 'wx' };
/** A full disk gets room again, ms. */
const RETRY_MS = 30_000;

const PIECE_CHARACTERS = 64 * 1024;

/** Rows of files that cannot be read or written. The reason fits into one line. */
export type DataRows = RowPorts<'data.read' | 'data.write'>;

const versioned = z.looseObject({ version: z.int() });

export class DataFile<T extends object> {
  private foreign = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly path: string,
    private readonly schema: z.ZodType<T>,
    private readonly rows: DataRows,
  ) {}

  /** Undefined when there is none, or none that can be read. */
  read(): T | undefined {
    try {
      const { version, ...rest } = versioned.parse(JSON.parse(readFileSync(this.path, 'utf8')));
      // An older release may have left it readable for all.
      ignoring(() => chmodSync(this.path, 0o600));
      this.foreign = version > VERSION;
      if (!this.foreign) return this.schema.parse(rest);
      this.unreadable(`has version ${version}, which a newer release wrote; it is left alone`);
    } catch (e) {
      if (!hasCode(e, 'ENOENT')) this.unreadable(reasonOf(e));
    }
    return undefined;
  }

  /** Never throws: tried again later, and with the next change. */
  writeSync(take: () => T): void {
    if (this.foreign) return;
    try {
      rmSync(this.draft, { force: true });
      writeFileSync(this.draft, this.text(take()), FRESH);
      renameSync(this.draft, this.path);
      this.succeeded();
    } catch (e) {
      this.failed(e, () => this.writeSync(take));
      // Half a file only fills a full disk.
      ignoring(() => rmSync(this.draft, { force: true }));
    }
  }

  /**
   * The same without waiting for the disk, for content of any size: `pieces` are the JSON of its fields one after the
   * other, without the braces, and are made while the ones before go to the disk.
   */
  async write(pieces: () => Iterable<string>): Promise<void> {
    if (this.foreign) return;
    try {
      await rm(this.draft, { force: true });
      const file = await open(this.draft, FRESH.flag, FRESH.mode);
      try {
        for (const text of gathered(`{"version":${VERSION},`, pieces(), '}\n')) await file.writeFile(text);
      } finally {
        await file.close();
      }
      await rename(this.draft, this.path);
      this.succeeded();
    } catch (e) {
      this.failed(e, () => void this.write(pieces));
      await rm(this.draft, { force: true }).catch(() => undefined);
    }
  }

  /** Written beside and renamed: a crash leaves the old file or the new one. */
  private get draft(): string {
    return `${this.path}.new`;
  }

  private text(content: T): string {
    return `${JSON.stringify({ version: VERSION, ...content })}\n`;
  }

  private unreadable(reason: string): void {
    this.rows.of('data.read').row(this.path).degraded({ path: this.path, reason });
  }

  private succeeded(): void {
    this.rows.of('data.read').row(this.path).gone();
    this.rows.of('data.write').row(this.path).ok();
    clearTimeout(this.timer);
  }

  private failed(error: unknown, again: () => void): void {
    this.rows
      .of('data.write')
      .row(this.path)
      .failing({ path: this.path, reason: reasonOf(error) });
    clearTimeout(this.timer);
    this.timer = setTimeout(again, RETRY_MS).unref();
  }
}

/** Many small pieces are one write. */
function* gathered(start: string, pieces: Iterable<string>, end: string): Generator<string> {
  let text = start;
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE_CHARACTERS) continue;
    yield text;
    text = '';
  }
  yield text + end;
}

function ignoring(work: () => void): void {
  try {
    work();
  } catch {
    // There is nothing more to be done about it.
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'is no JSON';
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return `has a wrong ${issue?.path.join('.') || 'shape'}: ${issue?.message}`;
  }
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
