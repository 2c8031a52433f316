/** What the engine pass does with networks that lie: nothing, and it says so once. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keys } from '../../../../src/model/values/names.js';
import type { Cidr, NetworkId } from '../../../../src/model/values/types.js';
import { formatNetwork } from '../../../../src/store/records/records.js';
import { FakeStore } from '../../../fakes/store.js';
import { CLOCK, later, type StoryHost, settle, storyHost } from '../story.js';

let store: FakeStore;
let one: StoryHost;
let two: StoryHost;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: [...CLOCK.toFake] });
  store = new FakeStore();
  one = await storyHost(store, '10.0.0.60');
  two = await storyHost(store, '10.0.0.61');
});
afterEach(() => {
  one.stop();
  two.stop();
  vi.useRealTimers();
});

const forge = (id: string, name: string, pool: string, vni: number) =>
  store.forge({
    [keys.network(id)]: formatNetwork({
      id: id as NetworkId,
      subnets: [{ pool: pool as Cidr, aux: {}, vni }],
      ...{ internal: false, ipv6: false, options: {}, ipam: 'cluster', creator: one.self },
      announced: { name, labels: {}, attachable: false },
      deleting: false,
    }),
  });
const warnings = (host: StoryHost) => host.said.filter((line) => line.startsWith('warn: a step'));

it('mirrors what is announced with its claims, and nothing that claims what is another one’s', async () => {
  await one.engine.networkCreate('shop', '172.16.1.0/24');
  await settle();
  forge('e'.repeat(64), 'ghost', '172.16.1.0/24', 256);
  forge('f'.repeat(64), 'bare', '172.29.0.0/24', 300);
  await later(31_000);
  expect(two.engine.asked).toEqual(['create mirror shop']);
  expect(warnings(two)).toEqual([
    'warn: a step of the engine pass failed: network ghost (eeeeeeeeeeee) is left out: subnet 172.16.1.0/24 is that of network shop',
    'warn: a step of the engine pass failed: network bare (ffffffffffff) is left out: subnet 172.29.0.0/24 is not its own, pools/172.29.0.0-24 in the store says',
  ]);
});

it('tells of a hundred, however many there are', async () => {
  for (let i = 0; i < 300; i++)
    forge(`${(i + 256).toString(16)}${'a'.repeat(61)}`, `n${i}`, `172.29.${i % 256}.0/24`, 1_000 + i);
  while (warnings(two).length < 100) await settle();
  for (let i = 0; i < 5; i++) await settle();
  expect(warnings(two)).toHaveLength(100);
  expect(two.engine.asked).toEqual([]);
});

it('announces no name that others cannot have, and goes on', async () => {
  const pool = '172.16.1.0/24' as Cidr;
  const id = await one.createNetwork(1);
  for (const name of ['docker_gwbridge', '\u001b[2J'])
    await expect(one.networks.announce(id, { name, labels: {}, attachable: false }, new Map())).rejects.toThrow(
      'stays on this host alone: no other host can have one of that name; remove it and choose another',
    );
  const labels = { team: 'blue', bad: '\u001b[2J', ['__proto__']: 'x', '\u202e': 'y' };
  await one.networks.announce(id, { name: 'a..b', labels, attachable: false }, new Map([[pool, '10.0.0.0/8' as Cidr]]));
  await settle();
  expect(two.view.current.networks.get(id)).toMatchObject({ announced: { name: 'a..b', labels: { team: 'blue' } } });
  expect(two.view.current.networks.get(id)?.subnets[0]).not.toHaveProperty('range');
});
