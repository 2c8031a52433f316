/** Networks that are too much for one transaction: made, published again and removed all the same, whatever cuts that short. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StoreError } from '../../../src/errors.js';
import type { Op } from '../../../src/model/ports/ports.js';
import { keys } from '../../../src/model/values/names.js';
import type { Cidr, Ip, NetworkId } from '../../../src/model/values/types.js';
import { Healer } from '../../../src/registry/healing/healer.js';
import { Heads } from '../../../src/registry/local/heads.js';
import { fits, partsOf } from '../../../src/store/in-parts.js';
import { FakeStore } from '../../fakes/store.js';
import { hexId, makeHost } from './host.js';

let store: FakeStore;
let one: Awaited<ReturnType<typeof makeHost>>;
beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
});
afterEach(() => one.stop());

const pools = (count: number) => Array.from({ length: count }, (_, i) => `172.20.${i}.0/24` as Cidr);
const owned = async () => (await store.keys('')).filter((key) => /^(networks|vnis|pools|names|addresses)\//.test(key));
const crowded = (count: number) => ({
  id: hexId(1) as NetworkId,
  subnets: pools(count).map((pool, n) => ({
    ...{ pool, gateway: `172.20.${n}.254/24` as Cidr },
    aux: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a${i}`, `172.20.${n}.${i + 1}` as Ip])),
  })),
  ...{ vnis: [], options: {}, internal: false, ipv6: false, ipam: 'engine' as const },
});

it.each([16, 32])('%i subnets come and go', async (count) => {
  const [first, ...more] = pools(count);
  const id = await one.createNetwork(1, first, 'cluster', more);
  expect(one.view.current.networks.get(id)).toMatchObject({ deleting: false });
  expect(await owned()).toHaveLength(1 + 2 * count);
  expect(await one.networks.remove(id)).toEqual({ removed: true });
  expect(await owned()).toEqual([]);
});

it('with more auxiliary addresses than a transaction has operations, and published again as it was', async () => {
  await one.networks.create(crowded(3));
  await one.networksSeen(hexId(1) as NetworkId);
  const all = await owned();
  expect(all).toHaveLength(1 + 3 + 3 + 3 * 101);
  const cluster = one.view.current;
  const empty = new FakeStore();
  const healing = await new Healer({
    store: empty,
    self: one.self,
    heads: new Heads(empty, one.self),
    identity: one.identity,
  }).heal(cluster);
  expect(healing).toMatchObject({ networks: 1, conflicts: [] });
  expect((await empty.keys('')).filter((key) => all.includes(key))).toEqual(all);
});

it('a publication that was cut short goes on where it stopped', async () => {
  await one.networks.create(crowded(3));
  const cluster = one.view.current;
  const empty = new FakeStore();
  let commits = 0;
  empty.beforeCommit = () => {
    if (++commits > 2) throw new StoreError('gone', false);
  };
  const heal = () =>
    new Healer({ store: empty, self: one.self, heads: new Heads(empty, one.self), identity: one.identity }).heal(
      cluster,
    );
  await expect(heal()).rejects.toThrow('gone');
  expect(await empty.get(keys.network(hexId(1)))).toBeUndefined();
  empty.beforeCommit = undefined;
  expect(await heal()).toMatchObject({ conflicts: [] });
  expect(await empty.get(keys.network(hexId(1)))).toBeDefined();
});

it.each([1, 2, 4])('what a crash after %i transactions left of a creation is removed as a whole', async (after) => {
  let commits = 0;
  store.beforeCommit = () => {
    if (++commits > after) throw new StoreError('gone', false);
  };
  await expect(one.networks.create(crowded(3))).rejects.toThrow('gone');
  store.beforeCommit = undefined;
  expect(await store.get(keys.network(hexId(1)))).toMatchObject({ value: expect.stringContaining('"deleting":true') });
  await one.networks.remove(hexId(1) as NetworkId, 'keep');
  expect(await owned()).toEqual([]);
});

it('what a crash left of a removal is removed by the next', async () => {
  await one.networks.create(crowded(3));
  store.beforeCommit = (ops) => {
    if (ops.some((op) => op.verb === 'delete' && op.key.startsWith('networks/'))) throw new StoreError('gone', false);
  };
  const [first, ...more] = pools(32).map((pool) => pool.replace('172.20', '172.21') as Cidr);
  const id = await one.createNetwork(2, first, 'cluster', more);
  await expect(one.networks.remove(id)).rejects.toThrow('gone');
  store.beforeCommit = undefined;
  expect(await one.networks.remove(id)).toEqual({ removed: true });
  expect((await owned()).filter((key) => key.includes('172.21') || key.includes(id))).toEqual([]);
});

it('a record that others could not read is refused with a sentence', async () => {
  const big = crowded(32);
  const subnets = big.subnets.map((s) => ({
    ...s,
    aux: Object.fromEntries(Object.entries(s.aux).map(([name, ip]) => [name.padEnd(200, 'x'), ip])),
  }));
  await expect(one.networks.create({ ...big, subnets })).rejects.toThrow(
    /make a record of \d+ KB, and 256 KB is the most/,
  );
});

it('parts take as many operations and bytes as there may be, and no more', () => {
  const ops = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, i): Op => ({ verb: 'set', key: `k${i}`, value: 'x'.repeat(bytes) }));
  expect(partsOf(ops(129, 1)).map((part) => part.length)).toEqual([64, 64, 1]);
  expect(partsOf(ops(129, 1), ops(4, 1)).map((part) => part.length)).toEqual([60, 60, 9]);
  const large = partsOf(ops(9, 100_000));
  expect(large.every(fits)).toBe(true);
  expect(large.map((part) => part.length)).toEqual([3, 3, 3]);
});
