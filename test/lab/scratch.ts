/** Folders for things on their way into the cache: what is in the cache itself is complete. */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../src/errors.js';
import { CACHE } from './paths.js';
import { identify } from './process.js';

const PREFIX = 'unfinished-';

/** Runs `work` with an empty folder on the cache's file system, removed afterwards. */
export async function withScratch(work: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  await sweep();
  const folder = await mkdtemp(join(CACHE, `${PREFIX}${process.pid}-`));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the folders of processes that were killed meanwhile. */
async function sweep(): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid && !identify(Number(pid))) await rm(join(CACHE, name), { recursive: true, force: true });
  }
}

/** Moves a finished file or folder to its name in the cache; who comes second keeps what is there. */
export async function putInPlace(made: string, place: string): Promise<void> {
  try {
    await rename(made, place);
  } catch (e) {
    if (!hasCode(e, 'ENOTEMPTY', 'EEXIST')) throw e;
  }
}
