/** The store that the settings name. */
import { join } from 'node:path';
import { type Meter, UNMEASURED } from '../health/measures.js';
import { NOBODY, type RowPorts } from '../health/row.js';
import type { Entry, Store } from '../model/ports/ports.js';
import { ConsulStore, type ConsulStoreOptions } from './consul/consul.js';
import type { FileStoreLog } from './file/content.js';
import { FileStore } from './file/file.js';
import { FileReading } from './file/reading.js';
import { measured } from './measured.js';
import { polled } from './polled.js';
import { StorePulse } from './pulse.js';
import { VersionedStore } from './versioned.js';

export interface StoreSettings {
  readonly consul?: ConsulStoreOptions;
  readonly dataDir: string;
}

export const storeFile = (dataDir: string): string => join(dataDir, 'store.json');

/** Nothing is asked of Consul yet. Rejects with a UserError when the embedded store cannot be opened. */
export async function openStore(
  { consul, dataDir }: StoreSettings,
  log?: FileStoreLog,
  rows: RowPorts<'store.news' | 'store.file'> = NOBODY,
  meter: Meter = UNMEASURED,
  pulse = new StorePulse(),
): Promise<VersionedStore> {
  if (consul === undefined) {
    const path = storeFile(dataDir);
    return ofFile(measured(await FileStore.open(path, log, rows), meter), path);
  }
  const store = new ConsulStore({ rows, pulse, ...consul });
  return new VersionedStore(
    measured(store, meter),
    `${consul.prefix} in Consul at ${store.addresses}`,
    `stop tsoverlay on all hosts and run "consul kv delete -recurse ${consul.prefix}", or name another path in CLUSTER_STORE`,
  );
}

/**
 * For a process beside the one that serves: of the embedded store the file as that one has written it, in which nothing
 * can be changed. `isHeld`: what of it that one holds.
 */
export async function openBeside(settings: StoreSettings, isHeld: (entry: Entry) => boolean): Promise<VersionedStore> {
  if (settings.consul !== undefined) return openStore(settings);
  const path = storeFile(settings.dataDir);
  return ofFile(polled(new FileReading(path, isHeld)), path);
}

const ofFile = (store: Store, path: string): VersionedStore =>
  new VersionedStore(store, path, 'stop tsoverlay and remove that file');
