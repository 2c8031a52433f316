/** What becomes of networks on two hosts: who creates, removes, prunes and races, and what each engine is then asked. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readStatus, statusLines } from '../../../../src/cli/status.js';
import { StoreError } from '../../../../src/errors.js';
import { keys } from '../../../../src/model/values/names.js';
import type { Cidr } from '../../../../src/model/values/types.js';
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

const owned = async () => (await store.keys('')).filter((key) => /^(?:networks|names|vnis|pools)\//.test(key));

describe('a network made on one host', () => {
  it('gets its name in the cluster, and appears on the other', async () => {
    const shop = await one.engine.networkCreate('shop', '172.16.1.0/24');
    await settle();
    expect(one.said).toEqual(['info: network announced to the cluster']);
    expect(one.engine.asked).toEqual([]);
    expect(two.engine.asked).toEqual(['create mirror shop']);
    expect(two.engine.names).toEqual(['shop (mirror)']);
    expect(two.said).toEqual(['info: network of another host appeared here']);
    expect((await store.get(keys.name('shop')))?.value).toBe(shop);
  });

  it('goes everywhere with `network rm` on either, and nothing of it is left', async () => {
    await one.engine.networkCreate('shop', '172.16.1.0/24');
    await settle();
    await two.engine.networkRm('shop');
    await later(1_000);
    expect(one.engine.asked).toEqual(['remove shop']);
    expect(one.engine.names).toEqual([]);
    expect(one.said.at(-1)).toBe('info: network removed in the cluster, removed here');
    expect(await owned()).toEqual([]);
  });

  it('comes back where it was removed while containers use it elsewhere', async () => {
    await one.engine.networkCreate('shop', '172.16.1.0/24');
    await settle();
    await one.engine.run('web', 'shop');
    await two.engine.networkRm('shop');
    await settle();
    expect(two.said.at(-1)).toContain('stays: containers on 10.0.0.60 use it; it comes back here');
    expect(two.engine.names, 'not at once: the engine tells last that it removes one').toEqual([]);
    await later(1_000);
    expect(two.engine.names).toEqual(['shop (mirror)']);
    expect(two.engine.asked).toEqual(['create mirror shop', 'create mirror shop']);
    expect(one.engine.asked).toEqual([]);
  });

  it('is pruned nowhere for lack of containers there, as long as it has some elsewhere', async () => {
    await one.engine.networkCreate('shop', '172.16.1.0/24');
    await one.engine.networkCreate('empty', '172.16.2.0/24');
    await settle();
    await one.engine.run('web', 'shop');
    await two.engine.networkPrune();
    await later(1_000);
    expect([one.engine.names, two.engine.names]).toEqual([['shop'], ['shop (mirror)']]);
    expect(await owned()).toEqual([
      keys.name('shop'),
      expect.stringContaining('networks/'),
      'pools/172.16.1.0-24',
      'vnis/256',
    ]);
  });
});

describe('of two networks of one name made at once', () => {
  /** Both engines have made one before either host knows of the other's. */
  const race = async () => {
    for (const { engine } of [one, two]) engine.isDown = true;
    const winner = await one.engine.networkCreate('shop', '172.16.1.0/24');
    const loser = await two.engine.networkCreate('shop', '172.16.2.0/24');
    return { winner, loser };
  };
  const answerAgain = async (host: StoryHost) => {
    host.engine.isDown = false;
    host.engine.crash();
    await settle();
  };

  it('the one that is named first is everywhere, and nothing of the other is left', async () => {
    const { winner } = await race();
    await answerAgain(one);
    await answerAgain(two);
    expect((await store.get(keys.name('shop')))?.value).toBe(winner);
    expect(two.engine.asked).toEqual(['remove shop', 'create mirror shop']);
    expect(two.engine.names).toEqual(['shop (mirror)']);
    expect(two.said.join('\n')).toContain(
      'another host was first to create a network of this name; it has taken the place',
    );
    expect((await owned()).filter((key) => /^(?:pools|vnis)/.test(key))).toEqual(['pools/172.16.1.0-24', 'vnis/256']);
  });

  it('one that outlives the other gets the name', async () => {
    const { winner, loser } = await race();
    two.engine.isDown = false;
    await two.engine.run('web', 'shop');
    two.engine.isDown = true;
    await answerAgain(one);
    await one.engine.networkRm('shop');
    await answerAgain(two);
    expect(await two.networks.get(winner)).toBeUndefined();
    expect(await two.networks.get(loser)).toMatchObject({ announced: { name: 'shop' } });
    expect(one.engine.names).toEqual(['shop (mirror)']);
  });

  it('a name whose network is gone is nobody’s', async () => {
    store.forge({ [keys.name('shop')]: '7'.repeat(64) });
    const id = await one.engine.networkCreate('shop', '172.16.1.0/24');
    await settle();
    expect((await store.get(keys.name('shop')))?.value).toBe(id);
  });

  it('the other stays while containers are on it, and goes with the last of them', async () => {
    const { loser } = await race();
    two.engine.isDown = false;
    await two.engine.run('web', 'shop');
    two.engine.isDown = true;
    await answerAgain(one);
    two.engine.isDown = false;
    await later(31_000);
    expect(two.engine.asked).toEqual([]);
    expect(two.engine.names).toEqual(['shop']);
    expect(two.said.filter((line) => line.includes('containers of this host keep the one made here'))).toHaveLength(1);
    expect(statusLines(await readStatus(store)).filter((line) => line.startsWith('network '))).toEqual([
      `network shop (${loser.slice(0, 12)}) on host docker-10.0.0.61 is not the cluster's of that name, for another host was faster; that one takes its place once its containers are removed`,
    ]);
    await two.engine.rm('web');
    await later(1_000);
    expect(two.engine.asked).toEqual(['remove shop', 'create mirror shop']);
    expect(await two.networks.get(loser)).toBeUndefined();
  });
});

describe('a host whose engine or process was away', () => {
  it('catches up with what came and went as soon as its engine is back', async () => {
    await one.engine.networkCreate('old', '172.16.1.0/24');
    await settle();
    two.engine.isDown = true;
    await one.engine.networkRm('old');
    await one.engine.networkCreate('new', '172.16.2.0/24');
    await later(1_000);
    expect(two.said.at(-1)).toMatch("warn: the engine's networks could not be compared with the cluster's");
    expect(two.engine.names).toEqual(['old (mirror)']);
    two.engine.isDown = false;
    two.engine.crash();
    await settle();
    expect(two.engine.names).toEqual(['new (mirror)']);
  });

  it('catches up with them at the start of a new process of ours', async () => {
    await one.engine.networkCreate('old', '172.16.1.0/24');
    await settle();
    const { engine, memory } = two;
    two.stop();
    await one.engine.networkRm('old');
    await one.engine.networkCreate('new', '172.16.2.0/24');
    two = await storyHost(store, '10.0.0.61', { engine, memory });
    await later(1_000);
    expect(engine.names).toEqual(['new (mirror)']);
    expect(engine.asked).toEqual(['create mirror old', 'remove old', 'create mirror new']);
  });

  it('names what its engine made while the process was away, and takes back what it never stored', async () => {
    const begun = await one.createNetwork(9, '172.16.9.0/24' as Cidr);
    expect(one.engine.names).toEqual([]);
    await later(29_000);
    expect(await store.get(keys.network(begun)), 'the engine may still be at it').toBeDefined();
    await later(62_000);
    expect(await store.get(keys.network(begun))).toBeUndefined();
    expect(await owned()).toEqual([]);
  });
});

describe('a store that does not answer as expected', () => {
  it('takes no network from any engine while it is down', async () => {
    await one.engine.networkCreate('shop', '172.16.1.0/24');
    await settle();
    store.fail(new StoreError('gone', true));
    await later(120_000);
    expect([one.engine.names, two.engine.names]).toEqual([['shop'], ['shop (mirror)']]);
    expect(two.engine.asked).toEqual(['create mirror shop']);
  });

  it('takes none either after it was wiped: what is gone from another store is not gone', async () => {
    await one.engine.networkCreate('shop', '172.16.1.0/24');
    await settle();
    two.identity.confirm = () => Promise.reject(new StoreError('the store has been wiped or replaced', false));
    store.table.commit([{ verb: 'deleteTree', prefix: 'networks/' }]);
    await later(5_000);
    expect(two.engine.names).toEqual(['shop (mirror)']);
    expect(two.said).toContain('warn: a step of the engine pass failed: the store has been wiped or replaced');
    expect(two.engine.asked).toEqual(['create mirror shop']);
  });
});
