/** What a view of networks reads, for which news. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Names } from '../../../../src/model/ports/ports.js';
import { keys } from '../../../../src/model/values/names.js';
import type { Network, NetworkId } from '../../../../src/model/values/types.js';
import { formatNetwork } from '../../../../src/store/records/records.js';
import { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { FakeStore } from '../../../fakes/store.js';
import { networkOf } from '../samples.js';

const MANY = 100;
const idOf = (n: number) => n.toString(16).padStart(64, '0') as NetworkId;
const recordOf = (n: number, more: Partial<Network> = {}): string => {
  const { announced: _, ...rest } = networkOf(idOf(n));
  return formatNetwork({ ...rest, announced: { name: `net${n}`, labels: {}, attachable: false }, ...more });
};
const unnamed = (n: number): string => {
  const { announced: _, ...rest } = networkOf(idOf(n));
  return formatNetwork(rest);
};

let store: FakeStore;
let view: ClusterView;
let stop: AbortController;
let tell: (names: Names) => void;
const asked: string[] = [];
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const named = (n: number) => view.current.networks.get(idOf(n))?.announced?.name;
const write = (n: number, value: string) => store.table.commit([{ verb: 'set', key: keys.network(idOf(n)), value }]);

beforeEach(async () => {
  stop = new AbortController();
  store = new FakeStore();
  for (let n = 0; n < MANY; n++) write(n, recordOf(n));
  const list = store.list.bind(store);
  store.list = (prefix) => {
    if (prefix.startsWith(keys.networks)) asked.push(prefix);
    return list(prefix);
  };
  const watchNames = store.watchNames.bind(store);
  store.watchNames = (prefix, handlers, signal) => {
    if (prefix === keys.networks) tell = handlers.onNames;
    watchNames(prefix, handlers, signal);
  };
  view = new ClusterView(store);
  view.start(stop.signal);
  await view.ready(1_000);
  await settle();
  asked.length = 0;
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

describe('beside a hundred networks', () => {
  it('one more is read by itself, and again when its host has announced it', async () => {
    const before = view.current.networks;
    write(MANY, unnamed(MANY));
    await settle();
    expect(asked).toEqual([keys.network(idOf(MANY))]);
    expect(view.current.networks.size).toBe(MANY + 1);
    write(MANY, recordOf(MANY));
    await settle();
    expect(asked).toEqual([keys.network(idOf(MANY)), keys.network(idOf(MANY))]);
    expect(named(MANY)).toBe(`net${MANY}`);
    for (let n = 0; n < MANY; n++) expect(view.current.networks.get(idOf(n))).toBe(before.get(idOf(n)));
    expect(before.size).toBe(MANY);
  });

  it('one that goes costs no read', async () => {
    store.table.commit([{ verb: 'delete', key: keys.network(idOf(7)) }]);
    await vi.waitFor(() => expect(view.current.networks.has(idOf(7))).toBe(false));
    expect(asked).toEqual([]);
  });

  it('a change that no new record explains makes all be read at once', async () => {
    write(7, recordOf(7, { deleting: true }));
    await settle();
    expect(asked).toEqual([keys.networks]);
    expect(view.current.networks.get(idOf(7))?.deleting).toBe(true);
    asked.length = 0;
    // From now on it is known that it will change.
    write(7, recordOf(7));
    await settle();
    expect(asked).toEqual([keys.network(idOf(7))]);
    expect(view.current.networks.get(idOf(7))?.deleting).toBe(false);
  });

  it('a change that comes together with a later one is found by the proof after it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    store.table.commit([
      { verb: 'set', key: keys.network(idOf(7)), value: recordOf(7, { deleting: true }) },
      { verb: 'set', key: keys.network(idOf(MANY)), value: recordOf(MANY) },
    ]);
    await vi.advanceTimersByTimeAsync(100);
    expect([named(MANY), view.current.networks.get(idOf(7))?.deleting]).toEqual([`net${MANY}`, false]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(view.current.networks.get(idOf(7))?.deleting).toBe(true);
    expect(asked).toEqual([keys.network(idOf(MANY)), keys.networks]);
  });

  it('many at once are read with all the others', async () => {
    for (let n = MANY; n < MANY + 50; n++) write(n, recordOf(n));
    await settle();
    expect(view.current.networks.size).toBe(MANY + 50);
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  it('all are read again after the store was away', async () => {
    store.fail();
    write(7, recordOf(7, { deleting: true }));
    store.recover();
    await vi.waitFor(() => expect(view.current.networks.get(idOf(7))?.deleting).toBe(true));
    expect(asked).toEqual([keys.networks]);
  });

  it('an index that goes back to that of the newest record, with the same names, is no news', async () => {
    store.table.commit([{ verb: 'delete', key: keys.network(idOf(7)) }]);
    await vi.waitFor(() => expect(view.current.networks.has(idOf(7))).toBe(false));
    await settle();
    const { entries } = await store.list(keys.networks);
    const newest = Math.max(...entries.map((entry) => entry.index));
    asked.length = 0;
    const names = entries.map(({ key }) => key);
    tell({ keys: names, index: newest });
    await settle();
    expect(asked).toEqual([]);
    tell({ keys: names, index: newest - 1 });
    await settle();
    expect(asked).toEqual([keys.networks]);
    tell({ keys: names.slice(1), index: newest - 2 });
    await settle();
    expect(asked).toEqual([keys.networks, keys.networks]);
  });

  it('whoever waits for his own change does not wait for the watch', async () => {
    store.watchNames = () => {};
    const deaf = new ClusterView(store);
    deaf.start(stop.signal);
    const index = Math.max(...(await store.list(keys.networks)).entries.map((e) => e.index));
    await expect(deaf.reached(keys.networks, index, 50)).rejects.toThrow('was not seen within');
    const done = store.table.commit([{ verb: 'set', key: keys.network(idOf(MANY)), value: recordOf(MANY) }]);
    await view.reached(keys.networks, (done.ok ? done.index : 0) + 100, 1_000);
    expect(named(MANY)).toBe(`net${MANY}`);
  });
});
