/** The file of the embedded store: read whole, and written so that a power loss leaves the old one or the new one. */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { hasCode, UserError } from '../../errors.js';
import type { Log } from '../../health/events.js';
import { Table } from './table.js';

const VERSION = 1;

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

/** Without a file: empty. Rejects with a UserError for a newer release's, and with another error for a broken one. */
export async function read(path: string): Promise<Table> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  return text === undefined ? new Table() : parse(path, text);
}

/** The same for who writes it: a broken one is set aside, and all begins empty. */
export async function load(path: string, log?: FileStoreLog): Promise<Table> {
  try {
    return await read(path);
  } catch (error) {
    if (!isBroken(error)) throw error;
    const aside = `${path}.broken-${new Date().toISOString().replaceAll(':', '')}`;
    await rename(path, aside);
    log?.warn(
      { event: 'file-set-aside', err: error, path, aside },
      'the store file is broken: set aside, starting empty',
    );
    return new Table();
  }
}

const isBroken = (error: unknown): boolean => error instanceof SyntaxError || error instanceof z.ZodError;

function parse(path: string, text: string): Table {
  const json: unknown = JSON.parse(text);
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

/** A power loss at any moment leaves the old file or the new one, whole. */
export async function save(path: string, table: Table): Promise<void> {
  const { entries, index } = table.list('');
  const rows = entries.map(({ held: _, ...row }) => row);
  await writeDurably(`${path}.new`, `${JSON.stringify({ version: VERSION, index, entries: rows })}\n`);
  await rename(`${path}.new`, path);
  await syncFolder(dirname(path));
}
