/** What every Store must do, against a real Consul and the one-host file. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Op, Store } from '../../src/model/ports/ports.js';
import { keys } from '../../src/model/values/names.js';
import { formatNetwork } from '../../src/store/records/records.js';
import { ClusterView } from '../../src/store/view/cluster-view.js';
import { networkId, networkOf } from '../unit/store/samples.js';
import { consul, file } from './backends.js';
import { Watching } from './watching.js';

const create = (key: string, value = ''): Op => ({ verb: 'create', key, value });

describe.each([
  ['Consul', consul()],
  ['file', file()],
])('%s store', (_name, backend) => {
  let store: Store;
  const watchings: Watching[] = [];
  const watch = (prefix: string) => {
    const watching = new Watching(store, prefix);
    watchings.push(watching);
    return watching;
  };
  const textOf = async (key: string) => (await store.get(key))?.value;
  const indexOf = async (key: string) => (await store.get(key))?.index ?? 0;

  beforeAll(() => backend.start());
  afterAll(() => backend.stop());
  beforeEach(async () => {
    store = await backend.open();
  });
  afterEach(async () => {
    for (const watching of watchings.splice(0)) watching.stop();
    await store.close();
  });

  it('does nothing more once it is closed', async () => {
    const key = 'nodes/10.0.0.60';
    const hold = await store.hold(key, 'before', () => {});
    await hold.release();
    await store.close();
    const closed = { name: 'StoreError', retryable: false };
    await expect(store.commit([create('late')])).rejects.toMatchObject(closed);
    await expect(store.hold(key, 'late', () => {})).rejects.toMatchObject(closed);
  });

  it('creates a key once', async () => {
    const first = await store.commit([create('a/1', 'x')]);
    expect(first).toEqual({ ok: true, index: await indexOf('a/1') });
    expect(await store.commit([create('a/1', 'y')])).toEqual({ ok: false, failed: [0] });
    const made = await indexOf('a/1');
    expect(await store.get('a/1')).toEqual({
      ...{ key: 'a/1', value: 'x', index: made, born: made, held: false, everHeld: false },
    });
    expect(await store.get('a/2')).toBeUndefined();
  });

  it('keeps any text, the empty one too', async () => {
    for (const value of ['', '{"a":"ü ✓ \\u0000"}', 'x'.repeat(100_000)]) {
      await store.commit([{ verb: 'set', key: 'text', value }]);
      expect(await textOf('text')).toBe(value);
    }
  });

  it('updates only what is as it was read', async () => {
    await store.commit([create('a', '1')]);
    const index = await indexOf('a');
    expect(await store.commit([{ verb: 'update', key: 'a', value: '2', index }])).toMatchObject({ ok: true });
    expect(await store.commit([{ verb: 'update', key: 'a', value: '3', index }])).toEqual({ ok: false, failed: [0] });
    expect(await store.commit([{ verb: 'update', key: 'gone', value: '3', index }])).toEqual({
      ok: false,
      failed: [0],
    });
    expect(await textOf('a')).toBe('2');
    expect(await indexOf('a')).toBeGreaterThan(index);
  });

  it('leaves the index alone when the same value is set again', async () => {
    await store.commit([create('a', '1')]);
    const index = await indexOf('a');
    await store.commit([{ verb: 'set', key: 'a', value: '1' }]);
    expect(await indexOf('a')).toBe(index);
  });

  it('deletes: gone is success, changed is not', async () => {
    await store.commit([create('a', '1'), create('b', '1')]);
    const index = await indexOf('a');
    await store.commit([{ verb: 'set', key: 'a', value: '2' }]);
    expect(await store.commit([{ verb: 'delete', key: 'a', index }])).toEqual({ ok: false, failed: [0] });
    expect(await store.commit([{ verb: 'delete', key: 'a', index: await indexOf('a') }])).toMatchObject({ ok: true });
    expect(await store.commit([{ verb: 'delete', key: 'a', index }])).toMatchObject({ ok: true });
    expect(await store.commit([{ verb: 'delete', key: 'a' }])).toMatchObject({ ok: true });
    expect(await store.keys('')).toEqual(['b']);
  });

  it('checks', async () => {
    await store.commit([create('a')]);
    const index = await indexOf('a');
    const at = (value: number): Op => ({ verb: 'check', key: 'a', index: value });
    expect(await store.commit([at(index), { verb: 'checkAbsent', key: 'b' }])).toMatchObject({ ok: true });
    expect(await store.commit([at(index + 1), { verb: 'checkAbsent', key: 'a' }, at(index)])).toEqual({
      ok: false,
      failed: [0, 1],
    });
    expect(await store.commit([{ verb: 'check', key: 'b', index }])).toEqual({ ok: false, failed: [0] });
  });

  it('deletes a tree and nothing beside it', async () => {
    await store.commit(['a/1', 'a/2/3', 'ab', 'b'].map((key) => create(key)));
    await store.commit([{ verb: 'deleteTree', prefix: 'a/' }]);
    expect(await store.keys('')).toEqual(['ab', 'b']);
    expect(await store.commit([{ verb: 'deleteTree', prefix: 'none/' }])).toMatchObject({ ok: true });
  });

  it('lists in key order, only the prefix', async () => {
    await store.commit(['b/2', 'b/10', 'b/1', 'c', 'a'].map((key) => create(key, key)));
    const { entries, index } = await store.list('b/');
    expect(entries.map((e) => [e.key, e.value])).toEqual([
      ['b/1', 'b/1'],
      ['b/10', 'b/10'],
      ['b/2', 'b/2'],
    ]);
    expect(index).toBeGreaterThanOrEqual(Math.max(...entries.map((e) => e.index)));
    expect(await store.keys('b/1')).toEqual(['b/1', 'b/10']);
    expect((await store.list('none/')).entries).toEqual([]);
    expect(await store.keys('none/')).toEqual([]);
  });

  it('does 64 operations, all or nothing', async () => {
    const ops = Array.from({ length: 64 }, (_, i) => create(`many/${i}`));
    await store.commit([create('many/7'), create('many/60')]);
    expect(await store.commit(ops)).toEqual({ ok: false, failed: [7, 60] });
    expect(await store.keys('many/')).toHaveLength(2);
    await store.commit([{ verb: 'deleteTree', prefix: 'many/' }]);
    expect(await store.commit(ops)).toMatchObject({ ok: true });
    expect(await store.keys('many/')).toHaveLength(64);
    await expect(store.commit([...ops, create('one/more')])).rejects.toThrow(RangeError);
  });

  it('lets an operation see those before it', async () => {
    expect(await store.commit([create('a', '1'), create('a', '2')])).toEqual({ ok: false, failed: [1] });
    const ops: Op[] = [create('a', '1'), { verb: 'delete', key: 'a' }, create('a', '2')];
    expect(await store.commit(ops)).toMatchObject({ ok: true });
    expect(await textOf('a')).toBe('2');
  });

  it('gives one key to exactly one of 20 that want it', async () => {
    const commits = await Promise.all(Array.from({ length: 20 }, (_, i) => store.commit([create('one', `${i}`)])));
    expect(commits.filter((c) => c.ok)).toHaveLength(1);
    expect(await textOf('one')).toBe(`${commits.findIndex((c) => c.ok)}`);
  });

  it('watches: what is there, changes, deletions', async () => {
    await store.commit([create('w/1', 'a'), create('x/1', 'a')]);
    const watching = watch('w/');
    await watching.until((w) => w.content?.['w/1'] === 'a');
    const commit = await store.commit([{ verb: 'set', key: 'w/1', value: 'b' }, create('w/2', 'c')]);
    await watching.until((w) => w.content?.['w/2'] === 'c');
    expect(watching.content).toEqual({ 'w/1': 'b', 'w/2': 'c' });
    expect(commit.ok && (watching.last?.index ?? 0) >= commit.index).toBe(true);
    await store.commit([{ verb: 'deleteTree', prefix: 'w/' }]);
    await watching.until((w) => w.last?.entries.length === 0);
    expect(watching.errors).toEqual([]);
  });

  it('watches an empty prefix', async () => {
    const watching = watch('empty/');
    await watching.until((w) => w.last !== undefined);
    expect(watching.content).toEqual({});
    await store.commit([create('empty/1')]);
    await watching.until((w) => w.content?.['empty/1'] === '');
  });

  it('tells what follows a prefix, once each, and how new it is', async () => {
    await store.commit(['c/a/1', 'c/a/2', 'c/ab', 'c/b/1/2', 'ca', 'd'].map((key) => create(key)));
    const { keys: found, index } = await store.children('c/');
    expect(found).toEqual(['a/', 'ab', 'b/']);
    const [one, all] = [await store.children('c/a'), await store.children('')];
    expect([one.keys, all.keys]).toEqual([
      ['/', 'b'],
      ['c/', 'ca', 'd'],
    ]);
    const changed = await store.commit([{ verb: 'set', key: 'c/a/2', value: 'x' }]);
    expect(changed.ok && (await store.children('c/')).index).toBeGreaterThanOrEqual(changed.ok ? changed.index : 0);
    const before = (await store.children('c/')).index;
    expect(before).toBeGreaterThan(index);
    await store.commit([{ verb: 'delete', key: 'c/a/1' }]);
    expect((await store.children('c/')).index, 'a removal counts').toBeGreaterThan(before);
    expect((await store.children('none/')).keys).toEqual([]);
  });

  it('watches names: what is there, new ones, removed ones', async () => {
    await store.commit([create('n/1', 'a'), create('x/1', 'a')]);
    const told: string[][] = [];
    const errors: Error[] = [];
    const stop = new AbortController();
    const onNames = ({ keys: names }: { readonly keys: readonly string[] }) => void told.push([...names]);
    store.watchNames('n/', { onNames, onError: (e) => errors.push(e) }, stop.signal);
    const last = () => told.at(-1);
    await vi.waitFor(() => expect(last()).toEqual(['n/1']), 5_000);
    await store.commit([{ verb: 'deleteTree', prefix: 'n/' }, create('n/2', 'b'), create('n/3/4')]);
    await vi.waitFor(() => expect(last()).toEqual(['n/2', 'n/3/4']), 5_000);
    await store.commit([{ verb: 'deleteTree', prefix: 'n/' }]);
    await vi.waitFor(() => expect(last()).toEqual([]), 5_000);
    stop.abort();
    const before = told.length;
    await store.commit([create('n/1')]);
    await sleep(50);
    expect(told).toHaveLength(before);
    expect(errors).toEqual([]);
  });

  it('tells nothing more once aborted', async () => {
    const [ended, witness] = [watch('w/'), watch('w/')];
    await ended.until((w) => w.last !== undefined);
    ended.stop();
    const told = ended.snapshots.length;
    await store.commit([create('w/1')]);
    await witness.until((w) => w.content?.['w/1'] === '');
    await sleep(20);
    expect(ended.snapshots).toHaveLength(told);
    expect(ended.errors).toEqual([]);
  });

  it('holds a key, writes it, lets it go', async () => {
    const watching = watch('nodes/');
    const errors: Error[] = [];
    const hold = await store.hold('nodes/a', '{"hostname":"one"}', (e) => errors.push(e));
    expect(await store.get('nodes/a')).toMatchObject({ value: '{"hostname":"one"}', held: true, everHeld: true });
    await watching.until((w) => w.last?.entries[0]?.held === true);
    await hold.write('{"hostname":"one","mtu":1}');
    expect(await store.get('nodes/a')).toMatchObject({ value: '{"hostname":"one","mtu":1}', held: true });
    await hold.release();
    expect(await store.get('nodes/a')).toMatchObject({
      ...{ value: '{"hostname":"one","mtu":1}', held: false, everHeld: true },
    });
    await store.commit([{ verb: 'set', key: 'nodes/a', value: 'forged' }]);
    expect(await store.get('nodes/a'), 'written without a session').toMatchObject({ held: false, everHeld: false });
    await watching.until((w) => w.last?.entries[0]?.held === false);
    expect(errors).toEqual([]);
  });

  describe('under a ClusterView', () => {
    const network = networkOf(networkId('a'));
    const key = keys.network(network.id);
    let view: ClusterView;
    const stop = new AbortController();
    afterAll(() => stop.abort());
    beforeEach(async () => {
      view = new ClusterView(store);
      view.start(stop.signal);
      await view.ready(2_000);
    });
    const reach = async (...ops: Op[]) => {
      const commit = await store.commit(ops);
      if (commit.ok) await view.reached(keys.networks, commit.index, 2_000);
      return commit.ok;
    };

    it('reaches its own writes and removals', async () => {
      for (let round = 0; round < 20; round++) {
        expect(await reach(create(key, formatNetwork(network)))).toBe(true);
        expect(view.current.networks.get(network.id)).toMatchObject(network);
        expect(await reach({ verb: 'delete', key })).toBe(true);
        expect(view.current.networks.size).toBe(0);
      }
    });

    it('reaches what changed nothing, and what others wrote in between', async () => {
      await reach({ verb: 'delete', key });
      await reach({ verb: 'deleteTree', prefix: keys.networks });
      await reach(create(key, formatNetwork(network)), create('elsewhere/1'));
      await reach({ verb: 'set', key, value: formatNetwork(network) });
      const removal = store.commit([{ verb: 'delete', key }]);
      await Promise.all(Array.from({ length: 20 }, (_, i) => store.commit([create(`noise/${i}`)])));
      const commit = await removal;
      if (commit.ok) await view.reached(keys.networks, commit.index, 2_000);
      expect(view.current.networks.size).toBe(0);
    });
  });
});
