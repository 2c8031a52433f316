/** Records that are garbage, or a newer release's: left alone, and said by name to whoever needs them. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ipOf } from '../../../src/model/values/address.js';
import { keys } from '../../../src/model/values/names.js';
import type { Cidr, NetworkId } from '../../../src/model/values/types.js';
import { engineSteps } from '../../../src/reconcile/engine/engine-steps.js';
import { FakeStore } from '../../fakes/store.js';
import { idOf } from '../nodes.js';
import { hexId, makeHost, POOL } from './host.js';

const BROKEN = ['garbage', '{"version":4}', 'x'.repeat(1_000_000)];

let store: FakeStore;
let host: Awaited<ReturnType<typeof makeHost>>;
let network: NetworkId;
beforeEach(async () => {
  store = new FakeStore();
  host = await makeHost(store, '10.0.0.60');
  network = await host.createNetwork(1);
});
afterEach(() => host.stop());

it.each(BROKEN)('a network whose record became %.12s is refused, others go on', async (value) => {
  const other = await host.createNetwork(2, '172.16.2.0/24' as Cidr);
  store.put({ [keys.network(network)]: value });
  await expect(host.run(10, network)).rejects.toThrow(
    new RegExp(`^networks/${network} in the store (is no JSON|has version 4).*; put it right there, or upgrade`),
  );
  await expect(host.networks.remove(network)).rejects.toThrow('in the store');
  await host.run(11, other, '', '172.16.2.0/24' as Cidr);
  expect((await store.get(keys.network(network)))?.value).toBe(value);
});

it.each(BROKEN)('an address whose lease is %.12s is given to nobody', async (value) => {
  const key = keys.lease(POOL, '172.16.1.1');
  store.put({ [key]: value });
  const { address } = await host.run(10, network);
  expect(ipOf(address)).toBe('172.16.1.2');
  await expect(host.run(11, network, '172.16.1.1')).rejects.toThrow(`${key} in the store`);
  await host.ipam.release(POOL, ipOf('172.16.1.1/24' as Cidr));
  expect((await store.get(key))?.value).toBe(value);
});

it.each(BROKEN)('what overlaps a pool whose claim is %.12s is refused', async (value) => {
  const key = keys.pool('172.16.0.0/16');
  store.put({ [keys.pool('172.16.8.0/24')]: value, [key]: value });
  await expect(host.pools.claim('172.16.8.0/25' as Cidr, undefined)).rejects.toThrow(
    `subnet 172.16.8.0/25 overlaps 172.16.0.0/16 of a network whose record ${key} in the store cannot be read`,
  );
});

it.each(BROKEN)('an own endpoint whose record became %.12s goes with its container', async (value) => {
  const attached = await host.run(10, network);
  const key = keys.endpoint(network, host.self, attached.id);
  store.put({ [key]: value });
  await new Promise(setImmediate);
  expect(host.view.current.endpoints.get(network)?.get(attached.id)?.addresses).toEqual([attached.address]);
  await host.rm(network, attached);
  expect(await store.get(key)).toBeUndefined();
});

it.each(BROKEN)('a network with an endpoint whose record is %.12s is not removed', async (value) => {
  const key = keys.endpoint(network, idOf('10.0.0.61'), hexId(9));
  store.put({ [key]: value });
  expect(await host.networks.remove(network)).toEqual({
    removed: false,
    users: ['a host whose records cannot be read'],
  });
  expect((await store.get(key))?.value).toBe(value);
  await vi.waitFor(() => expect(host.view.current.networks.get(network)?.deleting).toBe(false));
});

it('an engine keeps a network of which only the key is known', async () => {
  const cluster = { ...host.view.current, networks: new Map(), unreadable: new Set([network]) };
  const here = { id: network as never, name: 'one', labels: {}, attachable: false, ranges: new Map() };
  expect(engineSteps(cluster, '10.0.0.60' as never, [here])).toEqual([]);
  expect(
    engineSteps({ ...cluster, unreadable: new Set([hexId(9) as NetworkId]) }, '10.0.0.60' as never, [here]),
  ).toEqual([{ kind: 'removeNetwork', id: network, name: 'one' }]);
});
