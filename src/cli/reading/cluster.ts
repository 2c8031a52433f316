/** Reads the cluster: from the store, or where that does not answer from what this host knew last. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, StoreError } from '../../errors.js';
import { NOBODY } from '../../health/row.js';
import { CopyFile } from '../../store/data-dir/cluster-copy.js';
import { type Readable, Remembered } from '../../store/data-dir/remembered.js';
import type { VersionedStore } from '../../store/versioned.js';
import type { Desk } from '../frame/desk.js';

/** A command is to say something within 5 s, ms. */
const PATIENCE_MS = 3_000;

export type Reading<T> =
  | { readonly from: 'store'; readonly value: T }
  /** `why`: the store was not read. */
  | { readonly from: 'copy'; readonly value: T; readonly at: Date; readonly why: string }
  | { readonly from: 'nowhere'; readonly why: string };

/** `store` is there only where it is the real one. Rejects with what `work` makes of a copy, and for wrong settings. */
export async function readCluster<T>(
  desk: Desk,
  work: (records: Readable, store?: VersionedStore) => Promise<T>,
): Promise<Reading<T>> {
  const { dataDir } = desk.settings;
  let why: string;
  try {
    const value = await within(
      PATIENCE_MS,
      desk.withStore((store) => work(store, store)),
    );
    return { from: 'store', value };
  } catch (e) {
    why = messageOf(e);
  }
  const copy = new CopyFile(dataDir, NOBODY).load();
  if (copy === undefined) return { from: 'nowhere', why };
  const { mtime: at } = statSync(join(dataDir, 'cluster.json'));
  return { from: 'copy', value: await work(new Remembered(copy)), at, why };
}

/** Rejects with a StoreError when it takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const words = `the store did not answer within ${ms / 1000} s`;
    timer = setTimeout(() => reject(new StoreError(words, true)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
