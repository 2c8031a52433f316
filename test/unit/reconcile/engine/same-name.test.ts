/** Two hosts create a network of one name, each with a subnet of its own: both end with the one that had the name first. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readStatus, statusLines } from '../../../../src/cli/status.js';
import type { Engine, EngineNetwork } from '../../../../src/model/ports/engine-port.js';
import { keys } from '../../../../src/model/values/names.js';
import type { Cidr, EngineNetworkId, Network, NetworkId } from '../../../../src/model/values/types.js';
import type { EnginePass } from '../../../../src/reconcile/engine/engine-pass.js';
import { FakeStore } from '../../../fakes/store.js';
import { heardRows } from '../../health/heard.js';
import { hexId, makeHost, POOL } from '../../registry/host.js';
import { enginePassOf } from '../host/pass-of.js';

const OTHER = '172.16.2.0/24' as Cidr;
const WORDS = { labels: {}, attachable: false };

let store: FakeStore;
let one: Awaited<ReturnType<typeof makeHost>>;
let two: Awaited<ReturnType<typeof makeHost>>;
let pass: EnginePass;
/** What the second host's engine has, and what is said of it. */
let here: EngineNetwork[];
let users: number;
let heard: ReturnType<typeof heardRows>;

beforeEach(async () => {
  heard = heardRows();
  users = 0;
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  two = await makeHost(store, '10.0.0.61');
  here = [];
  const engine: Partial<Engine> = {
    networks: async () => [...here],
    users: async () => users,
    createMirror: async ({ id, announced }: Network) => {
      if (here.some((n) => n.name === announced?.name)) throw new Error('409');
      here.push(listed(99, announced?.name ?? '', id));
    },
    removeNetwork: async (id) => {
      if (users > 0) return false;
      here = here.filter((n) => n.id !== id);
      return true;
    },
  };
  pass = enginePassOf(two, engine, heard);
});
afterEach(() => {
  pass.stop();
  one.stop();
  two.stop();
});

const listed = (n: number, name: string, mirrorOf?: NetworkId): EngineNetwork => ({
  ...{ id: hexId(n) as EngineNetworkId, name, ...WORDS, ranges: new Map() },
  ...(mirrorOf === undefined ? {} : { mirrorOf }),
});
const turns = async () => {
  for (let i = 0; i < 60; i++) await new Promise(setImmediate);
};
const look = async () => {
  pass.kick();
  await turns();
};
const race = async () => {
  const winner = await one.createNetwork(1, POOL);
  const loser = await two.createNetwork(2, OTHER);
  here.push(listed(2, 'shop'));
  await one.networks.announce(winner, { name: 'shop', ...WORDS }, new Map());
  await two.networksSeen(winner);
  return { winner, loser };
};

it('an empty one gives way at once, and nothing of it is left', async () => {
  const { winner } = await race();
  await look();
  expect(here).toMatchObject([{ name: 'shop', mirrorOf: winner }]);
  expect((await store.keys('')).filter((key) => /^(networks|vnis|pools|names)\//.test(key))).toEqual([
    keys.name('shop'),
    keys.network(winner),
    keys.pool(POOL),
    'vnis/256',
  ]);
});

it('one with containers stays, is said once and by status, and goes as soon as they are gone', async () => {
  const { winner, loser } = await race();
  users = 1;
  await look();
  await look();
  await look();
  expect(here).toMatchObject([{ id: loser }]);
  expect(heard.troubles()).toEqual([`engine.network ${loser} failing`]);
  const warnings = heard.log.lines.filter(({ level }) => level === 'warn');
  expect(warnings).toHaveLength(1);
  expect(warnings[0]?.reason).toBe(
    `another host was first to create a network shop; containers of this host keep the one made here (${loser.slice(0, 12)}), and the other takes its place once they are removed`,
  );
  expect(statusLines(await readStatus(store)).filter((line) => line.startsWith('network '))).toEqual([
    `network shop (${loser.slice(0, 12)}) on host docker-10.0.0.61 is not the cluster's of that name, for another host was faster; that one takes its place once its containers are removed`,
  ]);
  users = 0;
  pass.vacated();
  await turns();
  expect(here).toMatchObject([{ mirrorOf: winner }]);
  expect(await store.get(keys.network(loser))).toBeUndefined();
});

it('one that outlives the other gets the name', async () => {
  const { winner, loser } = await race();
  users = 1;
  await look();
  await one.networks.remove(winner);
  await look();
  expect(two.view.current.networks.get(loser)).toMatchObject({ announced: { name: 'shop' } });
  expect(two.view.current.networks.get(loser)).not.toHaveProperty('outdone');
});

it('a name whose network is gone is nobody’s', async () => {
  const id = await two.createNetwork(2, OTHER);
  store.forge({ [keys.name('shop')]: hexId(7) });
  expect(await two.networks.announce(id, { name: 'shop', ...WORDS }, new Map())).toBe(id);
  expect((await store.get(keys.name('shop')))?.value).toBe(id);
});
