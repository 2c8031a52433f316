/** Which pool the engine gets for what it asks. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { IpamDriver } from '../../../src/api/ipam-driver.js';
import { DEFAULT_SOURCES } from '../../../src/model/values/pool-source.js';
import type { Network } from '../../../src/model/values/types.js';
import { Underway } from '../../../src/registry/changes/underway.js';
import { FakeStore } from '../../fakes/store.js';
import { makeHost, POOL } from '../registry/host.js';

let one: Awaited<ReturnType<typeof makeHost>>;
let driver: IpamDriver;
const underway = new Underway();
beforeEach(async () => {
  one = await makeHost(new FakeStore(), '10.0.0.60');
  driver = new IpamDriver({ ...one, underway, defaultPools: DEFAULT_SOURCES });
});
afterEach(() => one.stop());

const ask = (Pool: string, Options: Record<string, string> = {}, SubPool = '') =>
  driver.requestPool({ AddressSpace: 'tsoverlay', Pool, SubPool, Options, V6: Pool.includes(':') });

it.each([
  ['0.0.0.0/26', {}, '10.0.0.64/26'],
  ['0.0.0.0/16', {}, '10.1.0.0/16'],
  ['0.0.0.0/26', { 'tsoverlay.base': '10.77.0.0/16' }, '10.77.0.0/26'],
  ['::/64', {}, 'fd74:736f:7665::/64'],
  ['::/80', {}, 'fd74:736f:7665::/80'],
  ['0:0:0:0:0:0:0:0/64', {}, 'fd74:736f:7665::/64'],
] as const)('%s with %o means: choose one of that size', async (pool, options, chosen) => {
  expect(await ask(pool, options)).toMatchObject({ PoolID: chosen, Pool: chosen });
});

it.each([
  ['0.0.0.0/0', {}, '', '--subnet 0.0.0.0/0 has size "0" for base 10.0.0.0/8; it must be a prefix length from 8 to 30'],
  ['0.0.0.0/32', {}, '', 'must be a prefix length from 8 to 30'],
  [
    '::/0',
    {},
    '',
    '--subnet ::/0 has size "0" for base fd74:736f:7665::/48; it must be a prefix length from 48 to 126',
  ],
  ['0.0.0.0/26', { 'tsoverlay.size': '26' }, '', 'names a size, and so does --ipam-opt tsoverlay.size'],
  ['0.0.0.0/26', {}, '0.0.0.0/28', 'in which --ip-range 0.0.0.0/28 need not lie'],
  ['0.0.0.5/26', {}, '', 'is any of its size'],
  ['0.1.0.0/16', {}, '', '"this network" (0.0.0.0/8)'],
] as const)('%s with %o and range "%s" is refused', async (pool, options, range, sentence) => {
  await expect(ask(pool, options, range)).rejects.toThrow(sentence);
});

it('a mirror takes up the pool of its network, whatever IPAM options it repeats, and nobody else does', async () => {
  const id = await one.createNetwork(1);
  await one.networksSeen(id);
  const options = { 'tsoverlay.base': '10.77.0.0/16' };
  const network = one.view.current.networks.get(id) as Network;
  await underway.mirroring(network, async () => expect(await ask(POOL, options)).toMatchObject({ PoolID: POOL }));
  await expect(ask(POOL)).rejects.toThrow('overlaps 172.16.1.0/24 of network');
});
