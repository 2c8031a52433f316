/** The store that the settings name. */
import { join } from 'node:path';
import type { StoreError } from '../errors.js';
import { ConsulStore, type ConsulStoreOptions } from './consul/consul.js';
import type { FileStoreLog } from './file/content.js';
import { FileStore } from './file/file.js';
import { VersionedStore } from './versioned.js';

export interface StoreSettings {
  readonly consul?: ConsulStoreOptions;
  readonly dataDir: string;
}

export interface StoreLog extends FileStoreLog {
  error(details: object, message: string): void;
}

/** Nothing is asked of Consul yet. Rejects with a UserError when the embedded store cannot be opened. */
export async function openStore({ consul, dataDir }: StoreSettings, log?: StoreLog): Promise<VersionedStore> {
  if (consul === undefined) {
    const path = join(dataDir, 'store.json');
    return new VersionedStore(await FileStore.open(path, log), path, 'stop tsoverlay and remove that file');
  }
  const onRefusal = (error: StoreError) =>
    log?.error({ err: error.message }, 'Consul refuses to tell news; asking more and more slowly');
  const store = new ConsulStore({ onRefusal, ...consul });
  return new VersionedStore(
    store,
    `${consul.prefix} in Consul at ${store.addresses}`,
    `stop tsoverlay on all hosts and run "consul kv delete -recurse ${consul.prefix}", or name another path in CLUSTER_STORE`,
  );
}
