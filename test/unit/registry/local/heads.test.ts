import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetNode } from '../../../../src/cli/forget.js';
import { StoreError } from '../../../../src/errors.js';
import type { Op } from '../../../../src/model/ports/ports.js';
import { keys } from '../../../../src/model/values/names.js';
import type { EndpointId, NetworkId } from '../../../../src/model/values/types.js';
import { transact } from '../../../../src/registry/changes/transact.js';
import { type EndpointAttempt, Heads } from '../../../../src/registry/local/heads.js';
import { parseHead } from '../../../../src/store/records/heads.js';
import { quickTimers } from '../../../fakes/quick-timers.js';
import { FakeStore } from '../../../fakes/store.js';
import { idOf as nodeIdOf } from '../../nodes.js';
import { hexId, makeHost } from '../host.js';

quickTimers();

const ADDRESS = '10.0.0.60';
const ONE = nodeIdOf(ADDRESS);
const network = hexId(1) as NetworkId;
const idOf = (n: number) => hexId(n) as EndpointId;

let store: FakeStore;
let heads: Heads;
beforeEach(() => {
  store = new FakeStore();
  heads = new Heads(store, ONE);
});
const write = (n: number, value = 'x', by = heads) =>
  by.transact(network, async () => ({
    ops: [{ verb: 'set', key: keys.endpoint(network, ONE, hexId(n)), value }],
    result: undefined,
    changes: [idOf(n)],
  }));
const found = async () => (await store.list(keys.headsOf(network, ONE))).entries;
/** The endpoints that the one head tells of. */
const told = async () => {
  const entries = await found();
  expect(entries).toHaveLength(1);
  return parseHead(entries[0]?.value ?? '')?.changes.map((c) => Number.parseInt(c.endpoint, 16));
};

describe('heads of a host', () => {
  it('have another name with each change, and tell of those before', async () => {
    await write(1);
    const [first] = await found();
    await write(2);
    const [second] = await found();
    expect(second?.key).not.toBe(first?.key);
    expect(await told()).toEqual([1, 2]);
  });

  it('tell of all that is changed at once, and ask the store only once for the one before', async () => {
    await write(1);
    let lists = 0;
    const list = store.list.bind(store);
    store.list = (prefix) => {
      lists++;
      return list(prefix);
    };
    await Promise.all([2, 3, 4, 5, 6].map((n) => write(n)));
    expect(lists).toBe(0);
    expect(await told()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('go on after a restart', async () => {
    await write(1);
    await write(2, 'x', new Heads(store, ONE));
    expect(await told()).toEqual([1, 2]);
  });

  it.each([
    ['before it was done', false],
    ['after it was done', true],
  ])('go on after a transaction whose answer was lost %s', async (_, isDone) => {
    await write(1);
    const commit = store.commit.bind(store);
    store.commit = async (ops) => {
      store.commit = commit;
      if (isDone) await commit(ops);
      throw new StoreError('lost', true);
    };
    await write(2);
    await write(3);
    expect(await told()).toEqual(isDone ? [1, 2, 2, 3] : [1, 2, 3]);
  });

  it('take over what another process of this host wrote in between', async () => {
    await write(1);
    const other = new Heads(store, ONE);
    await write(2, 'x', other);
    await write(3);
    await write(4, 'x', other);
    expect(await told()).toEqual([1, 2, 3, 4]);
  });

  it('that somebody removed, added or filled with garbage are made anew', async () => {
    await write(1);
    store.table.commit([{ verb: 'deleteTree', prefix: keys.allHeads }]);
    await write(2);
    expect(await told()).toEqual([2]);
    store.table.commit([{ verb: 'create', key: keys.head(network, ONE, 'forged--'), value: '' }]);
    await write(3, 'x', new Heads(store, ONE));
    expect(await told()).toEqual([3]);
    const [entry] = await found();
    store.table.commit([{ verb: 'set', key: entry?.key ?? '', value: 'garbage' }]);
    await write(4);
    expect(await told()).toEqual([4]);
  });

  it('wait for those before them as long as these go through, and fail with these', async () => {
    const commit = store.commit.bind(store);
    store.commit = async (ops) => {
      await sleep(40);
      return commit(ops);
    };
    const attempt = (n: number) => async () => ({
      ops: [{ verb: 'set', key: keys.endpoint(network, ONE, hexId(n)), value: '' }] as const,
      result: undefined,
      changes: [idOf(n)],
    });
    const some = [1, 2, 3, 4, 5];
    await Promise.all(some.map((n) => heads.transact(network, attempt(n), transact, 100)));
    expect(await told()).toEqual(some);
    store.fail();
    // Each has two seconds for itself, of a clock that is as quick as the timers.
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => 20 * now());
    const outcomes = await Promise.allSettled(some.map((n) => heads.transact(network, attempt(n), transact, 100)));
    expect(outcomes.map((o) => o.status === 'rejected' && `${o.reason}`)).toEqual(
      some.map(() => 'StoreError: the fake store is down'),
    );
    clock.mockRestore();
  });

  it('change nothing where there is nothing to change, and keep to those of one network', async () => {
    await heads.transact(network, async () => ({ ops: [], result: undefined, changes: [] }));
    expect(await found()).toEqual([]);
    await write(1);
    expect(await store.keys(keys.allHeads)).toHaveLength(1);
  });
});

describe('what is written quietly', () => {
  const quiet = (n: number) => async (): Promise<EndpointAttempt<void>> => {
    const key = keys.endpoint(network, ONE, hexId(n));
    const isDone = (await store.get(key)) !== undefined;
    return {
      ops: isDone ? [] : [{ verb: 'create', key, value: 'x' }],
      result: undefined,
      changes: [idOf(n)],
      isQuiet: true,
    };
  };
  const quietly = (n: number) => heads.transact(network, quiet(n));
  beforeEach(() => write(9));

  it("is never a host's first endpoint, nor one beside a head that somebody took: who has endpoints has a head", async () => {
    heads = new Heads(store, ONE);
    await quietly(1);
    expect(await told()).toEqual([9, 1]);
    store.table.commit([{ verb: 'deleteTree', prefix: keys.allHeads }]);
    await quietly(2);
    expect(await told()).toEqual([2]);
  });

  it('is told of by the next head, whichever change that is for', async () => {
    await quietly(1);
    await quietly(2);
    expect(await told()).toEqual([9]);
    await write(2);
    expect(await told()).toEqual([9, 1, 2]);
    await quietly(3);
    expect(await told()).toEqual([9, 1, 2]);
    await write(4);
    expect(await told()).toEqual([9, 1, 2, 3, 4]);
    const [head] = await found();
    await sleep(2_000);
    expect(await found()).toEqual([head]);
  });

  it('is told of at once when asked for, and soon by itself', async () => {
    await quietly(1);
    await heads.tell(network);
    expect(await told()).toEqual([9, 1]);
    const [head] = await found();
    await heads.tell(network);
    expect(await found()).toEqual([head]);
    await quietly(2);
    await vi.waitFor(async () => expect(await told()).toEqual([9, 1, 2]));
  });

  it('is told of once the store answers again, also where nobody knows whether it was written', async () => {
    const commit = store.commit.bind(store);
    store.commit = async (ops) => {
      await commit(ops);
      store.fail();
      throw new StoreError('lost', true);
    };
    await expect(heads.transact(network, quiet(2), transact, 100)).rejects.toThrow(StoreError);
    await sleep(3_000);
    store.commit = commit;
    store.recover();
    await vi.waitFor(async () => expect(await told()).toEqual([9, 2]));
  });

  it('leaves no head in a network that went as a whole', async () => {
    await quietly(1);
    store.table.commit([keys.endpoints(network), keys.allHeads].map((prefix): Op => ({ verb: 'deleteTree', prefix })));
    await heads.tell(network);
    await sleep(2_000);
    expect(await found()).toEqual([]);
  });
});

describe('a head goes', () => {
  it('a while after the last endpoint, with the mark of membership, and with the network', async () => {
    const one = await makeHost(store, ADDRESS);
    const shop = await one.createNetwork(1);
    const a = await one.run(10, shop);
    await one.view.look(shop, ONE, 1_000);
    vi.useFakeTimers();
    await one.rm(shop, a);
    expect(await told()).toEqual([10, 10]);
    await vi.advanceTimersByTimeAsync(11_000);
    vi.useRealTimers();
    expect(await store.keys(keys.allHeads)).toEqual([]);
    await one.run(12, shop);
    expect(await told()).toEqual([12]);
    await one.networks.remove(shop);
    expect(await store.keys(keys.allHeads)).toEqual([]);
    expect(await store.keys('endpoints/')).toEqual([]);
    one.stop();
  });

  it('and does not come back when an endpoint is removed whose network has gone', async () => {
    const one = await makeHost(store, ADDRESS);
    const shop = await one.createNetwork(1);
    const a = await one.run(10, shop);
    await one.run(11, shop);
    store.beforeCommit = () => {
      store.beforeCommit = undefined;
      for (const prefix of [keys.endpoints(shop), keys.heads(shop)])
        store.table.commit([{ verb: 'deleteTree', prefix }]);
    };
    await one.endpoints.remove(shop, a.id, false);
    expect(await store.keys(keys.allHeads)).toEqual([]);
    one.stop();
  });

  it('with a node that is forgotten, after the last of its endpoints', async () => {
    const [one, two] = [await makeHost(store, ADDRESS), await makeHost(store, '10.0.0.61')];
    const shop = await one.createNetwork(1);
    for (let n = 10; n < 55; n++) await one.run(n, shop);
    await two.run(99, shop);
    await two.view.look(shop, ONE, 1_000);
    expect(two.view.current.endpoints.get(shop)?.size).toBe(46);
    const commits = store.commits.length;
    await forgetNode(store, ADDRESS);
    const places = (prefix: string) =>
      store.commits
        .slice(commits)
        .map((ops) => ops.some((op: Op) => op.verb === 'delete' && op.key.startsWith(prefix)));
    const last = places('endpoints/').lastIndexOf(true);
    expect(last).toBeGreaterThanOrEqual(0);
    expect(places(keys.allHeads).indexOf(true)).toBeGreaterThan(last);
    expect((await store.keys(keys.allHeads)).map((key) => key.split('/')[3])).toEqual([two.self]);
    await vi.waitFor(
      () => expect(two.view.current.endpoints.get(shop)?.size, 'the others have seen it').toBe(1),
      1_000,
    );
    one.stop();
    two.stop();
  });
});
