/** The hosts of a cluster by what every release reads of their records, whatever the version of these is. */
import * as z from 'zod';
import type { Reader } from '../../model/cluster/upgrade.js';
import type { Entry, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import { isHostname, MOST } from '../../model/values/shapes.js';
import { nodeAddress, nodeId, reads, text } from './fields.js';
import { readVersioned } from './record-version.js';

/** Hosts that are gone and older than others, of whom it is asked what they have left; more of them are awaited. */
const MOST_LOOKUPS = 64;

const fields = z.object({
  id: nodeId,
  address: nodeAddress,
  hostname: text(isHostname, 'is no name of a host'),
  reads,
});

/** Undefined for what is no host's: see parseNode. */
function readerIn(entry: Entry): Omit<Reader, 'awaited'> | undefined {
  if (!(entry.held || entry.everHeld) || entry.value.length > MOST.record) return undefined;
  const found = fields.safeParse({ ...readVersioned(entry.value), address: entry.key.slice(keys.nodes.length) });
  return found.data && { ...found.data, alive: entry.held };
}

/** `version`: the newest that is of interest. Rejects with a StoreError. */
export async function readersOf(store: Pick<Store, 'list' | 'keys'>, version: number): Promise<readonly Reader[]> {
  const all = (await store.list(keys.nodes)).entries.flatMap((entry) => readerIn(entry) ?? []);
  const readers: Reader[] = [];
  let lookups = 0;
  for (const reader of all) {
    const isDoubtful = !reader.alive && reader.reads < version;
    const awaited = isDoubtful && (lookups++ >= MOST_LOOKUPS || (await store.keys(keys.members(reader.id))).length > 0);
    readers.push({ ...reader, awaited });
  }
  return readers;
}
