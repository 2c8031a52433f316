import { afterEach, expect, it, vi } from 'vitest';
import { StoreError } from '../../../../src/errors.js';
import type { Store } from '../../../../src/model/ports/ports.js';
import { transact, transactEnding } from '../../../../src/registry/changes/transact.js';
import { FakeStore } from '../../../fakes/store.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('waits for a store that is away once, not for each of many calls that end something', async () => {
  vi.useFakeTimers();
  const store = {} as Store;
  const build = vi.fn(() => Promise.reject(new StoreError('away', true)));
  const timed = async () => {
    const since = performance.now();
    const refused = expect(transactEnding(store, build)).rejects.toBeInstanceOf(StoreError);
    const took = refused.then(() => performance.now() - since);
    await vi.advanceTimersByTimeAsync(2_500);
    return took;
  };
  expect(await timed()).toBeGreaterThan(1_900);
  build.mockClear();
  expect(await timed()).toBeLessThan(100);
  expect(build).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(10_000);
  await timed();
  expect(build).toHaveBeenCalled();
});

it('names the store, not other hosts, when the store was what took the time', async () => {
  const store = new FakeStore();
  const away = new StoreError('Consul is away', true);
  const build = vi
    .fn(async () => ({ ops: [{ verb: 'create', key: 'taken', value: '' } as const], result: undefined }))
    .mockRejectedValueOnce(away);
  store.put({ taken: 'by another' });
  await expect(transact(store, build, 300)).rejects.toBe(away);
  await expect(transact(store, build, 100)).rejects.toThrow('too many hosts');
});

it('gives the index of a commit whose answer was lost', async () => {
  const store = new FakeStore();
  const commit = store.commit.bind(store);
  vi.spyOn(store, 'commit').mockImplementationOnce(async (ops) => {
    await commit(ops);
    throw new StoreError('no answer', true);
  });
  const build = async () => {
    const isThere = (await store.get('key')) !== undefined;
    return { ops: isThere ? [] : [{ verb: 'create', key: 'key', value: '' } as const], result: undefined };
  };
  const { index } = await transact(store, build);
  expect(index).toBeGreaterThanOrEqual((await store.get('key'))?.index ?? Number.POSITIVE_INFINITY);
  expect((await transact(store, build)).index).toBe(0);
});
