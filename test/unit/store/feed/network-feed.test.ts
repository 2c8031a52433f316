/** What a view of endpoints reads, for which news. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreError } from '../../../../src/errors.js';
import type { Names, Op } from '../../../../src/model/ports/ports.js';
import { keys } from '../../../../src/model/values/names.js';
import type { EndpointId, NodeId } from '../../../../src/model/values/types.js';
import { Heads } from '../../../../src/registry/local/heads.js';
import { NetworkFeed } from '../../../../src/store/feed/network-feed.js';
import { Reads } from '../../../../src/store/feed/reads.js';
import { PrefixView } from '../../../../src/store/prefix/prefix-view.js';
import { formatEndpoint } from '../../../../src/store/records/records.js';
import { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { quickTimers } from '../../../fakes/quick-timers.js';
import { FakeStore } from '../../../fakes/store.js';
import { endpointOf, networkId } from '../samples.js';

quickTimers();

const network = networkId('a');
const [ONE, TWO] = ['1'.repeat(16), '2'.repeat(16)] as const;
const idOf = (n: number) => n.toString(16).padStart(64, '0') as EndpointId;
/** So many that they are not all read for one of them. */
const MANY = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const keyOf = (owner: string, n: number) => keys.endpoint(network, owner, idOf(n));

let store: FakeStore;
let view: ClusterView;
let stop: AbortController;
const asked: string[] = [];
/** Whoever waits for `held` goes on with `go`. */
const gate = () => {
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  return { held, go };
};
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const recordOf = (n: number, owner: string, names: readonly string[] = []) =>
  formatEndpoint({ ...endpointOf(network, '1'), id: idOf(n), node: owner as NodeId, names });
const known = () => view.current.endpoints.get(network);
const namesOf = (n: number) => known()?.get(idOf(n))?.names;

async function write(
  heads: Heads,
  owner: string,
  changes: readonly number[],
  names: readonly string[] = [],
): Promise<void> {
  const ops = changes.map((n): Op => ({ verb: 'set', key: keyOf(owner, n), value: recordOf(n, owner, names) }));
  await heads.transact(network, async () => ({ ops, result: undefined, changes: changes.map(idOf) }));
}

beforeEach(() => {
  asked.length = 0;
  stop = new AbortController();
  store = new FakeStore();
  const [list, children] = [store.list.bind(store), store.children.bind(store)];
  store.list = (prefix) => {
    if (/^(endpoints|heads)\//.test(prefix)) asked.push(prefix);
    return list(prefix);
  };
  store.children = (prefix) => {
    asked.push(`${prefix}?`);
    return children(prefix);
  };
  view = new ClusterView(store);
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

const start = async () => {
  view.subscribe(network);
  view.start(stop.signal);
  await view.ready(1_000);
  await settle();
  asked.length = 0;
};

describe('what another host writes', () => {
  it('comes with its head, and what that does not carry is read', async () => {
    const theirs = new Heads(store, ONE);
    const commit = (n: number, op: Op) =>
      theirs.transact(network, async () => ({ ops: [op], result: undefined, changes: [idOf(n)] }));
    const create = (n: number): Op => ({ verb: 'create', key: keyOf(ONE, n), value: recordOf(n, ONE) });
    const stored = async (n: number) => (await store.get(keyOf(ONE, n))) ?? expect.fail();
    for (const n of MANY) await commit(n, create(n));
    await start();
    await commit(11, create(11));
    await settle();
    const { index } = await stored(11);
    await commit(11, { verb: 'update', key: keyOf(ONE, 11), value: recordOf(11, ONE, ['eleven']), index });
    await settle();
    await commit(1, { verb: 'delete', key: keyOf(ONE, 1) });
    await settle();
    expect(asked).toEqual([1, 2, 3].map(() => keys.headsOf(network, ONE)));
    expect([namesOf(11), known()?.has(idOf(1))]).toEqual([['eleven'], false]);
    expect(view.export()[keys.endpoints(network)]).toContainEqual(await stored(11));
    asked.length = 0;
    const more = [12, 13, 14, 15, 16];
    await theirs.transact(network, async () => ({ ops: more.map(create), result: undefined, changes: more.map(idOf) }));
    await settle();
    expect(asked).toEqual([keys.headsOf(network, ONE), keyOf(ONE, 16)]);
    expect(more.every((n) => known()?.has(idOf(n)))).toBe(true);
  });
});

describe('what this host writes itself', () => {
  const mine = () => new Heads(store, ONE, (id) => view.ownWrites(id));
  const commit = (heads: Heads, n: number, op: Op) =>
    heads.transact(network, async () => ({ ops: [op], result: undefined, changes: [idOf(n)] }));
  const create = (heads: Heads, n: number) =>
    commit(heads, n, { verb: 'create', key: keyOf(ONE, n), value: recordOf(n, ONE) });
  const stored = async (n: number) => (await store.get(keyOf(ONE, n))) ?? expect.fail();

  it('is there without being read, and when its head is told nothing is read either', async () => {
    const heads = mine();
    await create(heads, 1);
    await start();
    await create(heads, 2);
    await Promise.resolve();
    expect(known()?.has(idOf(2))).toBe(true);
    const { index } = await stored(2);
    await commit(heads, 2, { verb: 'update', key: keyOf(ONE, 2), value: recordOf(2, ONE, ['two']), index });
    await commit(heads, 1, { verb: 'delete', key: keyOf(ONE, 1) });
    await settle();
    expect(asked).toEqual([]);
    expect([namesOf(2), known()?.has(idOf(1))]).toEqual([['two'], false]);
    expect(view.export()[keys.endpoints(network)]).toEqual([await stored(2)]);
  });

  it('is not read when the news of its heads come after the answers', async () => {
    const watchNames = store.watchNames.bind(store);
    store.watchNames = (prefix, handlers, signal) =>
      watchNames(prefix, { ...handlers, onNames: (names) => setImmediate(() => handlers.onNames(names)) }, signal);
    const heads = mine();
    await create(heads, 1);
    await start();
    for (const n of [2, 3, 4]) {
      await create(heads, n);
      await settle();
    }
    expect(asked).toEqual([]);
    expect(known()?.size).toBe(4);
  });

  const quietly = (heads: Heads, n: number) =>
    heads.transact(network, async () => ({
      ops: [{ verb: 'create', key: keyOf(ONE, n), value: recordOf(n, ONE) }],
      ...{ result: undefined, changes: [idOf(n)], isQuiet: true },
    }));

  it('quietly is there as well, and is not read with the head that tells of it', async () => {
    const heads = mine();
    await create(heads, 1);
    await start();
    for (const n of [2, 3]) {
      await quietly(heads, n);
      await Promise.resolve();
      expect(known()?.has(idOf(n))).toBe(true);
    }
    const { index } = await stored(2);
    await commit(heads, 2, { verb: 'update', key: keyOf(ONE, 2), value: recordOf(2, ONE, ['two']), index });
    await settle();
    expect(asked).toEqual([]);
    expect([namesOf(2), namesOf(3)]).toEqual([['two'], []]);
  });

  it.each([
    ['quietly, while nobody knows whether it was', 'written'],
    ['after something quiet, while nobody knows whether it was', 'told'],
  ])('%s, is read with the next head', async (_, lost) => {
    // The news of both heads come as one.
    let tell: (() => void) | undefined;
    const watchNames = store.watchNames.bind(store);
    store.watchNames = (prefix, handlers, signal) => {
      const onNames = (names: Names) => {
        if (tell === undefined) handlers.onNames(names);
        else tell = () => handlers.onNames(names);
      };
      watchNames(prefix, { ...handlers, onNames }, signal);
    };
    const heads = mine();
    await create(heads, 1);
    await start();
    if (lost === 'told') await quietly(heads, 2);
    tell = () => expect.fail('no news');
    const plain = store.commit.bind(store);
    store.commit = async (ops) => {
      store.commit = plain;
      await plain(ops);
      throw new StoreError('lost', false);
    };
    await (lost === 'told' ? write(heads, ONE, [3]) : quietly(heads, 3)).catch(() => undefined);
    await create(heads, 4);
    await settle();
    tell();
    await settle();
    expect([2, 3, 4].filter((n) => known()?.has(idOf(n)))).toEqual(lost === 'told' ? [2, 3, 4] : [3, 4]);
  });

  it('is read where another process of this host has written in between', async () => {
    const heads = mine();
    await create(heads, 1);
    await start();
    await write(new Heads(store, ONE), ONE, [3], ['three']);
    await create(heads, 2).catch(() => undefined);
    await settle();
    expect([known()?.has(idOf(2)), namesOf(3)]).toEqual([true, ['three']]);
    expect(asked).not.toEqual([]);
  });

  it('never takes the place of what was read later', async () => {
    const heads = mine();
    await create(heads, 1);
    await start();
    const list = store.list;
    const { held, go } = gate();
    // A read is under way when this host writes, and brings what somebody wrote after that.
    await write(new Heads(store, TWO), TWO, [11]);
    store.list = async (prefix) => {
      if (prefix.startsWith('endpoints/')) await held;
      return list(prefix);
    };
    await create(heads, 2);
    await settle();
    store.table.commit([{ verb: 'set', key: keyOf(ONE, 2), value: recordOf(2, ONE, ['later']) }]);
    view.look(network, ONE, 1_000).catch(() => undefined);
    go();
    await vi.waitFor(() => expect(namesOf(2)).toEqual(['later']));
    await settle();
    expect(namesOf(2)).toEqual(['later']);
  });
});

describe('news of an owner', () => {
  it('with many endpoints are its head and what that tells of', async () => {
    const [one, two] = [new Heads(store, ONE), new Heads(store, TWO)];
    await write(one, ONE, MANY);
    await write(two, TWO, [21, 22, 23]);
    await start();
    const before = known();
    asked.length = 0;
    await write(one, ONE, [3], ['three']);
    await settle();
    expect(asked).toEqual([keys.headsOf(network, ONE), keyOf(ONE, 3)]);
    expect(namesOf(3)).toEqual(['three']);
    for (const n of [1, 2, 4, 5, 21]) expect(known()?.get(idOf(n)), 'the same object').toBe(before?.get(idOf(n)));
  });

  it('with few are all of its endpoints', async () => {
    const one = new Heads(store, ONE);
    await write(one, ONE, [1, 2, 3]);
    await start();
    await write(one, ONE, [3], ['three']);
    await settle();
    expect(asked).toEqual([keys.endpointsOf(network, ONE)]);
    expect(namesOf(3)).toEqual(['three']);
  });

  it('that come together are read together', async () => {
    const one = new Heads(store, ONE);
    await write(one, ONE, MANY);
    await start();
    const list = store.list;
    const { held, go } = gate();
    store.list = async (prefix) => {
      await held;
      return list(prefix);
    };
    await Promise.all([1, 2, 3].map((n) => write(one, ONE, [n], ['new'])));
    go();
    await vi.waitFor(() => expect([1, 2, 3].map((n) => namesOf(n))).toEqual([['new'], ['new'], ['new']]));
    expect(asked.filter((prefix) => prefix.startsWith('heads/')).length).toBeLessThanOrEqual(2);
  });

  it('of which there are too many for its head are all of its endpoints', async () => {
    const one = new Heads(store, ONE);
    await write(one, ONE, MANY);
    await start();
    store.fail();
    store.table.commit([{ verb: 'deleteTree', prefix: keys.headsOf(network, ONE) }]);
    store.table.commit([{ verb: 'set', key: keyOf(ONE, 4), value: recordOf(4, ONE, ['four']) }]);
    store.table.commit([
      { verb: 'create', key: keys.head(network, ONE, 'later---'), value: '{"version":2,"changes":[]}' },
    ]);
    asked.length = 0;
    store.recover();
    await vi.waitFor(() => expect(namesOf(4)).toEqual(['four']), 3_000);
    expect(asked).toContain(keys.endpointsOf(network, ONE));
  });

  it('whose head has vanished or is garbage are all of its endpoints', async () => {
    const one = new Heads(store, ONE);
    await write(one, ONE, MANY);
    await start();
    store.table.commit([
      { verb: 'delete', key: keyOf(ONE, 2) },
      { verb: 'deleteTree', prefix: keys.headsOf(network, ONE) },
    ]);
    await settle();
    expect(known()?.has(idOf(2))).toBe(false);
    store.table.commit([
      { verb: 'delete', key: keyOf(ONE, 3) },
      { verb: 'create', key: keys.head(network, ONE, 'garbage-'), value: 'garbage' },
    ]);
    await settle();
    expect([...(known()?.keys() ?? [])]).toEqual(MANY.filter((n) => n !== 2 && n !== 3).map(idOf));
  });

  it('are none for heads that are none', async () => {
    await start();
    store.table.commit([
      { verb: 'set', key: `${keys.heads(network)}x`, value: '' },
      { verb: 'set', key: `${keys.heads(network)}\u0007/r`, value: '' },
      { verb: 'set', key: keys.head(networkId('b'), ONE, 'revision'), value: '' },
    ]);
    await settle();
    expect(asked).toEqual([]);
  });
});

describe('a host that comes and goes between two news of the heads', () => {
  /** From `hold` on nobody is told of names; `release` tells the last ones. */
  const holdNames = () => {
    const watchNames = store.watchNames.bind(store);
    let held = false;
    let last = () => {};
    store.watchNames = (prefix, handlers, signal) => {
      const onNames = (names: Names) => {
        last = () => handlers.onNames(names);
        if (!held) last();
      };
      watchNames(prefix, { ...handlers, onNames }, signal);
    };
    return {
      hold: () => {
        held = true;
      },
      release: () => {
        held = false;
        last();
      },
    };
  };
  const come = () => write(new Heads(store, TWO), TWO, [21]);
  const leave = async () => {
    const heads = new Heads(store, TWO);
    const ops: Op[] = [{ verb: 'delete', key: keyOf(TWO, 21) }];
    await heads.transact(network, async () => ({ ops, result: undefined, changes: [idOf(21)] }));
    await store.commit([heads.endOp(network)]);
  };
  const isForgotten = async (names: ReturnType<typeof holdNames>) => {
    expect(known()?.has(idOf(21))).toBe(true);
    await leave();
    names.release();
    await vi.waitFor(() => expect(known()?.has(idOf(21))).toBe(false));
  };

  it('is not kept by who looked at it meanwhile', async () => {
    const names = holdNames();
    await write(new Heads(store, ONE), ONE, [1]);
    await start();
    names.hold();
    await come();
    await view.look(network, TWO, 1_000);
    await isForgotten(names);
  });

  it('is not kept by who read all meanwhile', async () => {
    const names = holdNames();
    await write(new Heads(store, ONE), ONE, [1]);
    const list = store.list;
    store.list = async (prefix) => {
      if (prefix === keys.endpoints(network) && !known()?.size) {
        names.hold();
        await come();
      }
      return list(prefix);
    };
    await start();
    await isForgotten(names);
  });

  it('and what has no head, as somebody wrote it, is read once more by the next news and then no more', async () => {
    const one = new Heads(store, ONE);
    await write(one, ONE, [1]);
    await start();
    store.table.commit([{ verb: 'set', key: keyOf(TWO, 21), value: recordOf(21, TWO) }]);
    await view.look(network, TWO, 1_000);
    asked.length = 0;
    for (const name of ['a', 'b', 'c']) {
      await write(one, ONE, [1], [name]);
      await settle();
    }
    expect(asked.filter((prefix) => prefix === keys.endpointsOf(network, TWO))).toHaveLength(1);
  });
});

it('an endpoint that stands under two owners is that of the older record, until that goes', async () => {
  await write(new Heads(store, TWO), TWO, [1], ['right']);
  await start();
  store.forge({ [keyOf(ONE, 1)]: recordOf(1, ONE, ['forged']) });
  await settle();
  expect(namesOf(1)).toEqual(['right']);
  expect(known()?.size).toBe(1);
  store.remove(keyOf(TWO, 1));
  await settle();
  expect(namesOf(1)).toEqual(['forged']);
  store.remove(keyOf(ONE, 1));
  await settle();
  expect(known()?.size).toBe(0);
});

it('a network that is left and joined in one turn is loaded', async () => {
  await write(new Heads(store, ONE), ONE, [1]);
  await start();
  view.unsubscribe(network);
  view.subscribe(network);
  await view.ready(1_000);
  expect(known()?.size).toBe(1);
});

it('of many under one id the oldest is shown, and each once those before it have gone, in no time', async () => {
  const owners = Array.from({ length: 3_000 }, (_, i) => `owner-${i}`);
  const rows = new PrefixView({ parse: ({ key }) => ({ id: 'one', key }), keyOf: ({ id }) => id });
  const entries = owners.map((owner, i) => {
    const rest = { value: '', index: 9, born: 3_000 - i, held: false, everHeld: false };
    return { key: `endpoints/${owner}`, ...rest };
  });
  const started = performance.now();
  rows.apply({ entries, index: 9 });
  expect(rows.records.get('one')?.key).toBe('endpoints/owner-2999');
  rows.apply({ entries: entries.slice(0, 10), index: 10 });
  rows.drop([...rows.gone]);
  expect(rows.records.get('one')?.key).toBe('endpoints/owner-9');
  expect(performance.now() - started).toBeLessThan(1_000);
});

it('all is read again when that is asked for while it is read', async () => {
  await write(new Heads(store, ONE), ONE, [1]);
  const list = store.list;
  const { held, go: answer } = gate();
  store.list = async (prefix) => {
    const found = await list(prefix);
    if (prefix.startsWith('endpoints/')) await held;
    return found;
  };
  const feed = new NetworkFeed({
    network,
    reads: new Reads(store),
    view: { keys: [], has: () => false, entry: () => undefined },
    accept: () => {},
    onTrouble: () => expect.fail(),
    crowd: () => 1,
  });
  asked.length = 0;
  feed.tell({ heads: new Map([[ONE, 'r1']]), index: 1 }, undefined);
  await settle();
  feed.tell({ heads: new Map([[ONE, 'r1']]), index: 1 }, 'back');
  answer();
  await settle();
  feed.stop();
  expect(asked).toEqual([keys.endpoints(network), keys.endpoints(network)]);
});

describe('an index that goes back', () => {
  /** What a watch of these heads is told; the store's names of now, at another index. */
  let tell: (index: number, keysOf?: (keys: readonly string[]) => readonly string[]) => void;
  let fail: () => void;
  let isDeaf: boolean;
  beforeEach(async () => {
    isDeaf = false;
    const watchNames = store.watchNames.bind(store);
    store.watchNames = (prefix, handlers, signal) => {
      if (prefix === keys.heads(network)) {
        tell = (index, keysOf = (all) => all) =>
          handlers.onNames({ keys: keysOf(store.table.names(prefix).keys), index });
        fail = () => handlers.onError(new Error('away'));
      }
      const onNames = (names: Names) => {
        if (!isDeaf) handlers.onNames(names);
      };
      watchNames(prefix, { ...handlers, onNames }, signal);
    };
    await write(new Heads(store, TWO), TWO, [20]);
    for (let i = 0; i < 10; i++) await write(new Heads(store, ONE), ONE, MANY);
  });

  it('with the heads that are known is no news: a removed one is forgotten by the store', async () => {
    await start();
    tell(3);
    await settle();
    tell(2);
    await settle();
    expect(asked).toEqual([]);
  });

  it('with other heads, or after the watch had failed, is another state: all is read', async () => {
    await start();
    const all = [keys.endpoints(network)];
    tell(3, (heads) => heads.slice(1));
    await settle();
    expect(asked).toEqual(all);
    tell(4);
    await settle();
    asked.length = 0;
    fail();
    tell(3);
    await settle();
    expect(asked).toEqual(all);
  });

  it('with less than what was read of an owner since is another state, too', async () => {
    await start();
    const before = store.table.names(keys.heads(network)).keys;
    const one = new Heads(store, ONE, (id) => view.ownWrites(id));
    isDeaf = true;
    await one.transact(network, async () => ({
      ops: [{ verb: 'create', key: keyOf(ONE, 15), value: recordOf(15, ONE) }],
      ...{ result: undefined, changes: [idOf(15)] },
    }));
    await settle();
    asked.length = 0;
    tell(3, () => before);
    await settle();
    expect(asked).toContain(keys.endpoints(network));
  });

  it('leaves the comparison with what it then tells of', async () => {
    vi.useFakeTimers();
    view.subscribe(network);
    view.start(stop.signal);
    await vi.advanceTimersByTimeAsync(100);
    tell(3);
    store.table.commit([{ verb: 'delete', key: keyOf(TWO, 20) }]);
    const children = store.children;
    store.children = async (prefix) => ({ ...(await children(prefix)), index: prefix.includes(ONE) ? 3 : 4 });
    asked.length = 0;
    await vi.advanceTimersByTimeAsync(250_000);
    expect(known()?.size).toBe(MANY.length);
    expect(asked).not.toContain(keys.endpointsOf(network, ONE));
  });
});

it('of owners without a head, which somebody wrote by hand, a few hundred are read', async () => {
  const owners = Array.from({ length: 20 }, (_, i) => `${i + 1}`.padStart(16, '0') as NodeId);
  for (const [i, owner] of owners.entries()) await write(new Heads(store, owner), owner, [i + 1]);
  const children = store.children;
  store.children = async (prefix) => {
    const found = await children(prefix);
    return { ...found, keys: [...Array.from({ length: 20_000 }, (_, i) => `forged-${i}/`), 'none', ...found.keys] };
  };
  asked.length = 0;
  view.subscribe(network);
  view.start(stop.signal);
  await view.ready(10_000);
  expect([...(known()?.keys() ?? [])].length).toBe(20);
  expect(asked.length).toBeLessThan(300);
  expect(asked).not.toContain(keys.endpointsOf(network, 'none'));
});

it('a large network is read owner by owner', async () => {
  const owners = Array.from({ length: 20 }, (_, i) => `${i + 1}`.padStart(16, '0') as NodeId);
  for (const [i, owner] of owners.entries()) await write(new Heads(store, owner), owner, [i + 1]);
  asked.length = 0;
  view.subscribe(network);
  view.start(stop.signal);
  await view.ready(1_000);
  expect(known()?.size).toBe(20);
  expect(asked).not.toContain(keys.endpoints(network));
  expect(asked).toHaveLength(21);
});

it('what somebody wrote by hand is found by the comparison, at no cost while nothing has changed', async () => {
  vi.useFakeTimers();
  await write(new Heads(store, ONE), ONE, [1, 2, 3]);
  view.subscribe(network);
  view.start(stop.signal);
  await vi.advanceTimersByTimeAsync(100);
  expect(known()?.size).toBe(3);
  asked.length = 0;
  await vi.advanceTimersByTimeAsync(250_000);
  expect(new Set(asked)).toEqual(new Set([`${keys.endpoints(network)}?`]));
  asked.length = 0;
  store.table.commit([{ verb: 'delete', key: keyOf(ONE, 2) }]);
  await vi.advanceTimersByTimeAsync(250_000);
  expect(known()?.size).toBe(2);
});

it('a look has what the store has, also while news are under way', async () => {
  const one = new Heads(store, ONE);
  await start();
  for (let n = 1; n < 30; n++) {
    await write(one, ONE, [n]);
    await view.look(network, ONE, 1_000);
    expect(known()?.has(idOf(n))).toBe(true);
  }
});

it('goes on reading when the store does not answer for a while', async () => {
  const one = new Heads(store, ONE);
  await write(one, ONE, [1, 2, 3]);
  await start();
  const list = store.list;
  let failures = 3;
  store.list = (prefix) => {
    if (failures-- > 0) store.fail();
    else store.recover();
    return list(prefix);
  };
  await write(one, ONE, [2], ['later']);
  await vi.waitFor(() => expect(namesOf(2)).toEqual(['later']), 10_000);
});
