/** What the engine pass does with networks that lie: nothing, and it says so once. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Engine } from '../../../../src/model/ports/engine-port.js';
import { keys } from '../../../../src/model/values/names.js';
import type { Cidr, NetworkId } from '../../../../src/model/values/types.js';
import type { EnginePass } from '../../../../src/reconcile/engine/engine-pass.js';
import { formatNetwork } from '../../../../src/store/records/records.js';
import { FakeStore } from '../../../fakes/store.js';
import { makeHost, POOL } from '../../registry/host.js';
import { enginePassOf } from '../host/pass-of.js';

let store: FakeStore;
let one: Awaited<ReturnType<typeof makeHost>>;
let two: Awaited<ReturnType<typeof makeHost>>;
let pass: EnginePass;
const mirrored: string[] = [];
const warn = vi.fn();
beforeEach(async () => {
  mirrored.length = 0;
  warn.mockClear();
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  two = await makeHost(store, '10.0.0.61');
  const engine = {
    networks: async () => [],
    createMirror: async ({ announced }: { announced?: { name: string } }) => void mirrored.push(announced?.name ?? ''),
  } as unknown as Engine;
  pass = enginePassOf(two, engine, warn);
});
afterEach(() => {
  pass.stop();
  one.stop();
  two.stop();
});
const look = async () => {
  pass.kick();
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};
const forge = (digit: string, name: string, pool: string, vni: number) =>
  store.forge({
    [keys.network(digit.repeat(64))]: formatNetwork({
      id: digit.repeat(64) as NetworkId,
      subnets: [{ pool: pool as Cidr, aux: {}, vni }],
      ...{ internal: false, ipv6: false, options: {}, ipam: 'cluster', creator: one.self },
      announced: { name, labels: {}, attachable: false },
      deleting: false,
    }),
  });

it('mirrors what is announced with its claims, and nothing that claims what is another one’s', async () => {
  const shop = await one.createNetwork(1);
  await one.networks.announce(shop, { name: 'shop', labels: {}, attachable: false }, new Map());
  forge('e', 'ghost', POOL, 256);
  forge('f', 'bare', '172.29.0.0/24', 300);
  await look();
  await look();
  // The engine of the test forgets them at once.
  expect(new Set(mirrored)).toEqual(new Set(['shop']));
  expect(warn.mock.calls.map(([details]) => details.err)).toEqual([
    'network ghost (eeeeeeeeeeee) is left out: subnet 172.16.1.0/24 is that of network shop',
    'network bare (ffffffffffff) is left out: subnet 172.29.0.0/24 is not its own, pools/172.29.0.0-24 in the store says',
  ]);
});

it('tells of a hundred, however many there are', async () => {
  for (let i = 0; i < 300; i++) {
    const id = `${(i + 256).toString(16)}${'a'.repeat(61)}`;
    store.forge({
      [keys.network(id)]: formatNetwork({
        id: id as NetworkId,
        subnets: [{ pool: `172.29.${i % 256}.0/24` as Cidr, aux: {}, vni: 1_000 + i }],
        ...{ internal: false, ipv6: false, options: {}, ipam: 'cluster', creator: one.self },
        announced: { name: `n${i}`, labels: {}, attachable: false },
        deleting: false,
      }),
    });
  }
  for (const { view } of [one, two])
    await vi.waitFor(() => expect(view.current.networks.size).toBeGreaterThanOrEqual(300));
  await look();
  await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(100), 5_000);
  for (let i = 0; i < 2_000; i++) await new Promise(setImmediate);
  expect(warn).toHaveBeenCalledTimes(100);
  expect(mirrored).toEqual([]);
});

it('announces no name that others cannot have, and goes on', async () => {
  const id = await one.createNetwork(1);
  for (const name of ['docker_gwbridge', '\u001b[2J'])
    await expect(one.networks.announce(id, { name, labels: {}, attachable: false }, new Map())).rejects.toThrow(
      'stays on this host alone: no other host can have one of that name; remove it and choose another',
    );
  const labels = { team: 'blue', bad: '\u001b[2J', ['__proto__']: 'x', '\u202e': 'y' };
  await one.networks.announce(id, { name: 'a..b', labels, attachable: false }, new Map([[POOL, '10.0.0.0/8' as Cidr]]));
  await vi.waitFor(() =>
    expect(two.view.current.networks.get(id)).toMatchObject({ announced: { name: 'a..b', labels: { team: 'blue' } } }),
  );
  expect(two.view.current.networks.get(id)?.subnets[0]).not.toHaveProperty('range');
});
