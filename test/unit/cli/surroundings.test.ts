/** What `tsoverlay doctor` looks at: what one look at the store fails of, the others do not lack. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { surroundingsOf } from '../../../src/cli/doctor/surroundings.js';
import { leases } from '../../../src/doctor/checks/cluster/leases.js';
import type { Ip } from '../../../src/model/values/types.js';
import { formatLease } from '../../../src/store/records/records.js';
import { FakeDesk } from '../../fakes/desk.js';
import { FakeStore } from '../../fakes/store.js';
import { idOf } from '../nodes.js';
import { POOL } from '../registry/host.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-surroundings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const leaked = () => {
  const address = '172.16.1.200' as Ip;
  const lease = formatLease({ ...{ pool: POOL, address, node: idOf('10.0.0.60') }, kind: 'endpoint', created: 1_000 });
  return new FakeStore().put({ [`addresses/172.16.1.0-24/${address}`]: lease });
};

it('counts addresses that are leaked', async () => {
  expect(await leases.examine(surroundingsOf(new FakeDesk(leaked(), folder)))).toEqual([
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
  const at = surroundingsOf(new FakeDesk(store, folder));
  const [cluster, found] = await Promise.all([at.cluster(), leases.examine(at).catch((e: Error) => e.message)]);
  expect(cluster).toMatchObject({ nodes: [], networks: [] });
  expect(found).toBe('it took too long');
});
