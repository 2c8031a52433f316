/** The store that the settings name. */
import { join } from 'node:path';
import { type Meter, UNMEASURED } from '../health/measures.js';
import { NOBODY, type RowPorts } from '../health/row.js';
import { ConsulStore, type ConsulStoreOptions } from './consul/consul.js';
import type { FileStoreLog } from './file/content.js';
import { FileStore } from './file/file.js';
import { measured } from './measured.js';
import { StorePulse } from './pulse.js';
import { VersionedStore } from './versioned.js';

export interface StoreSettings {
  readonly consul?: ConsulStoreOptions;
  readonly dataDir: string;
}

/** Nothing is asked of Consul yet. Rejects with a UserError when the embedded store cannot be opened. */
export async function openStore(
  { consul, dataDir }: StoreSettings,
  log?: FileStoreLog,
  rows: RowPorts<'store.news' | 'store.file'> = NOBODY,
  meter: Meter = UNMEASURED,
  pulse = new StorePulse(),
): Promise<VersionedStore> {
  if (consul === undefined) {
    const path = join(dataDir, 'store.json');
    const file = measured(await FileStore.open(path, log, rows), meter);
    return new VersionedStore(file, path, 'stop tsoverlay and remove that file');
  }
  const store = new ConsulStore({ rows, pulse, ...consul });
  return new VersionedStore(
    measured(store, meter),
    `${consul.prefix} in Consul at ${store.addresses}`,
    `stop tsoverlay on all hosts and run "consul kv delete -recurse ${consul.prefix}", or name another path in CLUSTER_STORE`,
  );
}
