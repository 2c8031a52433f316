import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UserError } from '../../../../src/errors.js';
import { keys } from '../../../../src/model/values/names.js';
import { UpgradePass } from '../../../../src/reconcile/cluster/upgrade-pass.js';
import { TenantStore, Tenure } from '../../../../src/registry/nodes/tenure.js';
import { formatCluster } from '../../../../src/store/records/cluster-record.js';
import { formatNode } from '../../../../src/store/records/records.js';
import { VersionedStore } from '../../../../src/store/versioned.js';
import { FakeStore } from '../../../fakes/store.js';
import { heardRows } from '../../health/heard.js';
import { idOf, nodeOf } from '../../nodes.js';

const ONE = keys.node('10.0.0.60');
const TWO = keys.node('10.0.0.61');
const CLUSTER = { id: 'a'.repeat(64), vxlanPort: 4789 };
const node = (address: string, reads: number) => JSON.stringify({ ...JSON.parse(formatNode(nodeOf(address))), reads });

let inner: FakeStore;
let store: VersionedStore;
let tenure: Tenure;
let pass: UpgradePass;
let heard: ReturnType<typeof heardRows>;
const said = () => heard.log.words;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  inner = new FakeStore().forge({ [keys.cluster]: formatCluster({ version: 2, ...CLUSTER }) });
  store = new VersionedStore(inner, 'tsoverlay/', 'remove them');
  tenure = new Tenure();
  tenure.take();
  heard = heardRows();
  pass = new UpgradePass({ store: new TenantStore(store, tenure), versioned: store, log: heard.log, rows: heard.rows });
  await inner.hold(ONE, node('10.0.0.60', 3));
});
afterEach(() => {
  void pass.stop();
  vi.useRealTimers();
});

const version = async () => JSON.parse((await inner.get(keys.cluster))?.value ?? '{}').version;
const written = async () => {
  await store.commit([{ verb: 'set', key: 'pools/x', value: '{"version":3,"a":1}' }]);
  return JSON.parse((await inner.get('pools/x'))?.value ?? '{}').version;
};
const minutes = (n: number) => vi.advanceTimersByTimeAsync(n * 60_000);

it('is raised once all hosts have read it for a minute, with all else that the record says', async () => {
  const two = await inner.hold(TWO, node('10.0.0.61', 2));
  pass.kick();
  await minutes(10);
  expect(await version()).toBe(2);
  expect(await written()).toBe(2);
  expect(said()).toEqual([
    expect.stringContaining('docker-10.0.0.61 at 10.0.0.61 (alive, reads 2); upgrade tsoverlay'),
  ]);
  await two.write(node('10.0.0.61', 3));
  await minutes(0.9);
  expect(await version()).toBe(2);
  await minutes(1.2);
  expect(JSON.parse((await inner.get(keys.cluster))?.value ?? '')).toEqual({ version: 3, ...CLUSTER });
  expect(await written()).toBe(3);
  expect(said().at(-1)).toBe('records are written in version 3 from now on');
});

it('waits for a host that is gone only while it has left something', async () => {
  inner.put({ [TWO]: node('10.0.0.61', 2), [keys.member(idOf('10.0.0.61'), 'b'.repeat(64))]: '' });
  pass.kick();
  await minutes(5);
  expect(await version()).toBe(2);
  inner.remove(keys.member(idOf('10.0.0.61'), 'b'.repeat(64)));
  await minutes(2);
  expect(await version()).toBe(3);
});

it('is not raised by a host that does not hold its key', async () => {
  tenure.forbid(new UserError('the address is taken'));
  pass.kick();
  await minutes(5);
  expect(await version()).toBe(2);
});

it('a host that returns meanwhile with the former release is waited for', async () => {
  pass.kick();
  await minutes(0.8);
  await inner.hold(TWO, node('10.0.0.61', 2));
  await minutes(5);
  expect(await version()).toBe(2);
});

it('what others write into the record changes nothing here but one sentence, and what nobody reads is put right', async () => {
  const two = await inner.hold(TWO, node('10.0.0.61', 2));
  pass.kick();
  await minutes(1);
  inner.forge({ [keys.cluster]: formatCluster({ version: 3, ...CLUSTER }) });
  await minutes(10);
  expect(await written()).toBe(2);
  inner.forge({ [keys.cluster]: formatCluster({ version: 99, ...CLUSTER }) });
  await minutes(0.6);
  expect(await written()).toBe(2);
  await minutes(2);
  expect(await version()).toBe(2);
  expect(said().filter((line) => line.includes('it was not tsoverlay'))).toHaveLength(2);
  await two.write(node('10.0.0.61', 3));
  inner.forge({ [keys.cluster]: '{"version":3,"id":"\\u001b[2J"}' });
  await minutes(3);
  expect(await written()).toBe(2);
});
