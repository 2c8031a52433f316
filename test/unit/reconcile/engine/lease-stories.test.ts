/** Addresses that nobody took up or gave back: this host knows which it owes, and reads no others once it has swept. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreError } from '../../../../src/errors.js';
import type { NodeId } from '../../../../src/model/values/types.js';
import { formatLease } from '../../../../src/store/records/records.js';
import { FakeStore } from '../../../fakes/store.js';
import { CLOCK, later, type StoryHost, settle, storyHost } from '../story.js';

const POOL = '172.16.0.0/16';
const FOLDER = 'addresses/172.16.0.0-16/';

let store: FakeStore;
let one: StoryHost;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: [...CLOCK.toFake] });
  store = new FakeStore();
  one = await storyHost(store, '10.0.0.60');
  await one.engine.networkCreate('shop', POOL);
  await settle();
});
afterEach(() => {
  vi.restoreAllMocks();
  one.stop();
  vi.useRealTimers();
});

const addresses = async () => (await store.keys('addresses/')).map((key) => key.split('/')[2]);
const request = () => one.engine.plugin('IpamDriver.RequestAddress', { PoolID: POOL, Address: '', Options: {} });
const freed = () => one.said.filter((line) => line === 'warn: freed addresses that no endpoint took up').length;
/** Leases of another host. */
const others = (n: number) => {
  const lease = (i: number) => ({
    ...{ pool: POOL as never, address: `172.16.${4 + (i >> 8)}.${i & 255}` as never },
    ...{ node: '0123456789abcdef' as NodeId, kind: 'endpoint' as const, created: 1 },
  });
  store.put(
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`${FOLDER}${lease(i).address}`, formatLease(lease(i))])),
  );
};
const reads = () => {
  const all = { lists: [] as number[], gets: 0 };
  const list = store.list.bind(store);
  const get = store.get.bind(store);
  vi.spyOn(store, 'list').mockImplementation(async (prefix) => {
    const found = await list(prefix);
    if (prefix.startsWith('addresses/')) all.lists.push(found.entries.length);
    return found;
  });
  vi.spyOn(store, 'keys').mockImplementation(async (prefix) => (await list(prefix)).entries.map(({ key }) => key));
  vi.spyOn(store, 'get').mockImplementation((key) => {
    if (key.startsWith('addresses/')) all.gets++;
    return get(key);
  });
  return all;
};

describe('once what earlier processes left is swept', () => {
  beforeEach(async () => {
    await one.engine.run('web', 'shop');
    others(700);
    await later(130_000);
  });

  it('no lease of the network is read, however many there are and however often is looked', async () => {
    const all = reads();
    await later(600_000);
    expect(all).toEqual({ lists: [], gets: 0 });
  });

  it('an address that was given out and never taken up is freed, with one question for itself', async () => {
    await request();
    const all = reads();
    await later(120_000);
    expect(await addresses()).not.toContain('172.16.0.2');
    expect(all).toEqual({ lists: [], gets: 1 });
    await later(120_000);
    expect([freed(), all.gets]).toEqual([1, 1]);
  });

  it('one whose container goes without that it is given back is freed', async () => {
    const call = one.engine.plugin;
    one.engine.plugin = async (method, body) => (method === 'IpamDriver.ReleaseAddress' ? {} : call(method, body));
    await one.engine.rm('web');
    expect(await addresses()).toContain('172.16.0.1');
    await later(61_000);
    expect(await addresses()).not.toContain('172.16.0.1');
  });

  it('one that could not be given back, for the store was away, is freed when that is back', async () => {
    const call = one.engine.plugin;
    one.engine.plugin = async (method, body) => {
      if (method === 'IpamDriver.ReleaseAddress') store.fail(new StoreError('away', true));
      return call(method, body);
    };
    const removed = one.engine.rm('web').catch(() => {});
    await later(5_000);
    await removed;
    store.recover();
    expect(await addresses()).toContain('172.16.0.1');
    await later(121_000);
    expect(await addresses()).not.toContain('172.16.0.1');
  });

  it('one whose commit got no answer, and came through after another was taken instead, is freed', async () => {
    const commit = store.commit.bind(store);
    let late: (() => Promise<unknown>) | undefined;
    vi.spyOn(store, 'commit').mockImplementationOnce(async (ops) => {
      late = () => commit(ops);
      throw new StoreError('no answer', true);
    });
    const asked = request();
    await later(2_000);
    await asked;
    await late?.();
    expect(await addresses()).toEqual(expect.arrayContaining(['172.16.0.2', '172.16.0.3']));
    await later(120_000);
    expect((await addresses()).filter((ip) => ip?.startsWith('172.16.0.'))).toEqual(['172.16.0.1']);
  });

  it('one that is given back while the next one gets it stays with that', async () => {
    const nine = { PoolID: POOL, Address: '172.16.0.9', Options: {} };
    await one.engine.plugin('IpamDriver.RequestAddress', nine);
    const commit = store.commit.bind(store);
    vi.spyOn(store, 'commit').mockImplementationOnce(async (ops) => {
      const done = await commit(ops);
      // Before the answer comes.
      await one.engine.plugin('IpamDriver.RequestAddress', nine);
      return done;
    });
    await one.engine.plugin('IpamDriver.ReleaseAddress', nine);
    one.containers.kickAll();
    await later(20_000);
    expect([freed(), (await addresses()).includes('172.16.0.9')]).toEqual([0, true]);
    await later(100_000);
    expect([freed(), (await addresses()).includes('172.16.0.9')]).toEqual([1, false]);
  });

  it('one that is given out again while it is looked at stays with who got it', async () => {
    const nine = { PoolID: POOL, Address: '172.16.0.9', Options: {} };
    await one.engine.plugin('IpamDriver.RequestAddress', nine);
    await later(31_000);
    const get = store.get.bind(store);
    let again = 0;
    const spy = vi.spyOn(store, 'get').mockImplementation(async (key) => {
      if (key === `${FOLDER}172.16.0.9` && again++ === 0) await one.engine.plugin('IpamDriver.RequestAddress', nine);
      return get(key);
    });
    one.containers.kickAll();
    await later(20_000);
    spy.mockRestore();
    expect([freed(), (await addresses()).includes('172.16.0.9'), again > 0]).toEqual([0, true, true]);
  });

  it('those that an older state of the store brings back are freed, at a slow pace', async () => {
    const old = { pool: POOL as never, address: '172.16.0.77' as never, node: one.self, kind: 'endpoint' as const };
    store.put({ [`${FOLDER}172.16.0.77`]: formatLease({ ...old, created: 1 }) });
    await later(2.5 * 3_600_000);
    expect(await addresses()).not.toContain('172.16.0.77');
  });

  it('and with the next look when that is asked for while the leases are being looked through', async () => {
    const old = { pool: POOL as never, address: '172.16.0.77' as never, node: one.self, kind: 'endpoint' as const };
    const list = store.list.bind(store);
    let again: Promise<void> | undefined;
    vi.spyOn(store, 'list').mockImplementation(async (prefix) => {
      const found = await list(prefix);
      if (prefix.startsWith(FOLDER) && prefix !== FOLDER && again === undefined) {
        again = one.containers.sweep(20_000);
        store.put({ [`${FOLDER}172.16.0.77`]: formatLease({ ...old, created: 1 }) });
      }
      return found;
    });
    const first = one.containers.sweep(20_000);
    await later(20_000);
    await Promise.all([first, again]);
    expect(await addresses()).not.toContain('172.16.0.77');
  });

  it('and at once when the store is another one', async () => {
    const old = { pool: POOL as never, address: '172.16.0.77' as never, node: one.self, kind: 'endpoint' as const };
    store.put({ [`${FOLDER}172.16.0.77`]: formatLease({ ...old, created: 1 }) });
    one.view.suspect();
    await later(61_000);
    expect(await addresses()).not.toContain('172.16.0.77');
  });
});

it('the sweep at the start reads leases in parts, and parses those of its own host alone', async () => {
  others(1_500);
  const old = { pool: POOL as never, address: '172.16.0.77' as never, node: one.self, kind: 'endpoint' as const };
  store.put({ [`${FOLDER}172.16.0.77`]: formatLease({ ...old, created: 1 }) });
  const all = reads();
  const parse = vi.spyOn(JSON, 'parse');
  await later(61_000);
  expect(await addresses()).not.toContain('172.16.0.77');
  expect(Math.max(...all.lists)).toBeLessThanOrEqual(300);
  expect(parse.mock.calls.filter(([text]) => text.includes('0123456789abcdef'))).toEqual([]);
});
