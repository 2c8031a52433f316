import { afterEach, expect, it, vi } from 'vitest';
import { StoreError } from '../../../src/errors.js';
import type { Store } from '../../../src/model/ports.js';
import { transactEnding } from '../../../src/registry/transact.js';

afterEach(() => vi.restoreAllMocks());

it('waits for a store that is away once, not for each of many calls that end something', async () => {
  const store = {} as Store;
  const build = vi.fn(() => Promise.reject(new StoreError('away', true)));
  const timed = async () => {
    const since = performance.now();
    await expect(transactEnding(store, build)).rejects.toBeInstanceOf(StoreError);
    return performance.now() - since;
  };
  expect(await timed()).toBeGreaterThan(1_900);
  build.mockClear();
  expect(await timed()).toBeLessThan(100);
  expect(build).not.toHaveBeenCalled();
  const now = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 10_000);
  await timed();
  expect(build).toHaveBeenCalled();
});
