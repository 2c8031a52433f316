/** What `tsoverlay doctor` looks at: what one look at the store fails of, the others do not lack. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { surroundingsOf } from '../../../src/cli/doctor/surroundings.js';
import { Desk } from '../../../src/cli/frame/desk.js';
import { leases } from '../../../src/doctor/checks/cluster/leases.js';
import type { Ip } from '../../../src/model/values/types.js';
import { formatLease } from '../../../src/store/records/records.js';
import { VersionedStore } from '../../../src/store/versioned.js';
import { FakeStore } from '../../fakes/store.js';
import { idOf } from '../nodes.js';
import { POOL } from '../registry/host.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-surroundings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

class Stored extends Desk {
  constructor(private readonly store: FakeStore) {
    super(
      { CLUSTER_STORE: '', CLUSTER_ADVERTISE: '127.0.0.1', DATA_DIR: folder, PLUGIN_SOCKETS: `${folder}/x.sock` },
      () => {},
    );
  }
  override openStore(): Promise<VersionedStore> {
    return Promise.resolve(new VersionedStore(this.store, 'here', 'do that'));
  }
}

const leaked = () => {
  const address = '172.16.1.200' as Ip;
  const lease = formatLease({ ...{ pool: POOL, address, node: idOf('10.0.0.60') }, kind: 'endpoint', created: 1_000 });
  return new FakeStore().put({ [`addresses/172.16.1.0-24/${address}`]: lease });
};

it('counts addresses that are leaked', async () => {
  expect(await leases.examine(surroundingsOf(new Stored(leaked())))).toEqual([
    { what: '1 addresses are held, and nobody uses them' },
  ]);
});

it('knows the cluster by the store though that does not tell of addresses in time, and says that nobody knows of those', async () => {
  const store = leaked();
  const list = store.list.bind(store);
  store.list = async (prefix) => {
    if (prefix === 'addresses/') throw new Error('it took too long');
    return list(prefix);
  };
  const at = surroundingsOf(new Stored(store));
  const [cluster, found] = await Promise.all([at.cluster(), leases.examine(at).catch((e: Error) => e.message)]);
  expect(cluster).toMatchObject({ nodes: [], networks: [] });
  expect(found).toBe('it took too long');
});
