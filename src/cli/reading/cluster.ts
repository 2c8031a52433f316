/** Reads the cluster: from the store, or where that does not answer from what this host knew last. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import { NOBODY } from '../../health/row.js';
import { CopyFile } from '../../store/data-dir/cluster-copy.js';
import { type Readable, Remembered } from '../../store/data-dir/remembered.js';
import type { VersionedStore } from '../../store/versioned.js';
import type { Desk } from '../frame/desk.js';

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
    return { from: 'store', value: await desk.withStore((store) => work(store, store)) };
  } catch (e) {
    why = messageOf(e);
  }
  const copy = new CopyFile(dataDir, NOBODY).load();
  if (copy === undefined) return { from: 'nowhere', why };
  const { mtime: at } = statSync(join(dataDir, 'cluster.json'));
  return { from: 'copy', value: await work(new Remembered(copy)), at, why };
}
