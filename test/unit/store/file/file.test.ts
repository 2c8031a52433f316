import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isStoreError, isUserError } from '../../../../src/errors.js';
import type { Snapshot } from '../../../../src/model/ports/ports.js';
import { FileStore } from '../../../../src/store/file/file.js';

describe('FileStore', () => {
  let path: string;
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'tsoverlay-file-')), 'data', 'store.json');
  });
  afterEach(() => rm(dirname(dirname(path)), { recursive: true }));

  const stored = async () => JSON.parse(await readFile(path, 'utf8')) as { entries: { key: string }[] };

  it('knows after a restart what was committed, with its indexes', async () => {
    const before = await FileStore.open(path);
    await before.commit([{ verb: 'create', key: 'a', value: '1' }]);
    await before.commit([{ verb: 'set', key: 'b', value: '2' }]);
    await before.hold('c', '3', () => {});
    const { entries } = await before.list('');
    const after = await FileStore.open(path);
    const again = await after.list('');
    expect(again.entries.slice(0, 2)).toEqual(entries.slice(0, 2));
    expect(again.entries[2]).toMatchObject({ key: 'c', value: '3', held: false });
    const commit = await after.commit([{ verb: 'set', key: 'a', value: '2' }]);
    expect(commit.ok && commit.index).toBeGreaterThan(Math.max(...entries.slice(0, 2).map((e) => e.index)));
  });

  it('shows nobody a key that is held before it is', async () => {
    const store = await FileStore.open(path);
    const seen: (boolean | undefined)[] = [];
    const handlers = {
      onSnapshot: ({ entries }: Snapshot) => void seen.push(entries[0]?.everHeld),
      onError: () => {},
    };
    store.watch('c', handlers, new AbortController().signal);
    const hold = await store.hold('c', '1', () => {});
    await hold.write('2');
    await hold.release();
    expect(seen.filter((held) => held !== undefined)).not.toContain(false);
    expect((await (await FileStore.open(path)).get('c'))?.everHeld, 'after a restart').toBe(true);
    await store.close();
  });

  it('has every resolved commit on the disk, many in one write', async () => {
    const store = await FileStore.open(path);
    const commits = Array.from({ length: 60 }, (_, i) => store.commit([{ verb: 'create', key: `k${i}`, value: '' }]));
    await commits[0];
    expect((await stored()).entries).toHaveLength(60);
    await Promise.all(commits);
  });

  it('sets a broken file aside and says so', async () => {
    await (await FileStore.open(path)).commit([{ verb: 'create', key: 'a', value: '1' }]);
    await writeFile(path, '{"version":1,"index":');
    const said: string[] = [];
    const store = await FileStore.open(path, { warn: (_, message) => said.push(message) });
    expect((await store.list('')).entries).toEqual([]);
    expect(said).toHaveLength(1);
    expect(await readdir(dirname(path))).toEqual(['store.json', expect.stringMatching(/^store\.json\.broken-2/)]);
  });

  it("leaves a newer release's file alone", async () => {
    await FileStore.open(path);
    await writeFile(path, '{"version":2}');
    await expect(FileStore.open(path)).rejects.toSatisfy(isUserError);
    expect(await readFile(path, 'utf8')).toBe('{"version":2}');
  });

  it('refuses a folder that it cannot write', async () => {
    await FileStore.open(path);
    const error = await FileStore.open(join(path, 'below', 'store.json')).catch((e: unknown) => e);
    expect(isUserError(error) && error.message).toBe(
      `DATA_DIR: ${join(path, 'below')} cannot be written (ENOTDIR); make it a writable folder or set DATA_DIR to one`,
    );
  });

  describe('on a disk that takes nothing', () => {
    const create = { verb: 'create', key: 'a', value: '1' } as const;
    let store: FileStore;
    beforeEach(async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      store = await FileStore.open(path);
      await store.commit([{ verb: 'create', key: 'kept', value: '' }]);
      await rm(dirname(path), { recursive: true });
      await expect(store.commit([create])).rejects.toSatisfy(isStoreError);
    });
    afterEach(() => vi.useRealTimers());
    const stands = async () => (await stored()).entries.map(({ key }) => key);

    it('says of nothing that it is done before it is', async () => {
      const asks = () => [
        store.get('a'),
        store.list(''),
        store.keys(''),
        store.children(''),
        store.commit([create]),
        store.commit([{ verb: 'set', key: 'a', value: '1' }]),
      ];
      for (const { status } of await Promise.allSettled(asks())) expect(status).toBe('rejected');
      await mkdir(dirname(path));
      expect(await store.get('a')).toMatchObject({ value: '1' });
      expect(await stands()).toEqual(['a', 'kept']);
      expect(await store.commit([create])).toMatchObject({ ok: false });
    });

    it('says what the disk has of all that nobody has changed since', async () => {
      expect(await store.get('kept')).toMatchObject({ key: 'kept' });
      expect(await store.get('b')).toBeUndefined();
      expect([await store.keys('k'), (await store.list('k')).entries.length]).toEqual([['kept'], 1]);
      expect((await store.children('b')).keys).toEqual([]);
      await expect(store.commit([{ verb: 'delete', key: 'kept' }])).rejects.toSatisfy(isStoreError);
      for (const ask of [store.get('kept'), store.list('k')]) await expect(ask).rejects.toSatisfy(isStoreError);
    });

    it('saves what it has taken on as soon as there is room', async () => {
      await mkdir(dirname(path));
      await vi.advanceTimersByTimeAsync(30_000);
      await vi.waitFor(async () => expect(await stands()).toEqual(['a', 'kept']));
    });

    it('saves it when it is closed', async () => {
      await mkdir(dirname(path));
      await store.close();
      expect(await stands()).toEqual(['a', 'kept']);
    });

    it('closes all the same', () => store.close());
  });

  it('writes once what is read while it is written', async () => {
    const store = await FileStore.open(path);
    const commit = store.commit([{ verb: 'create', key: 'a', value: '1' }]);
    await new Promise(setImmediate);
    expect(await store.get('a')).toMatchObject({ value: '1' });
    const { mtimeMs } = await stat(path);
    await commit;
    await store.get('a');
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);
  });

  it('rejects a commit that did not reach the disk', async () => {
    const store = await FileStore.open(path);
    await rm(dirname(path), { recursive: true });
    const error = await store.commit([{ verb: 'create', key: 'a', value: '' }]).catch((e: unknown) => e);
    expect(isStoreError(error) && error.retryable).toBe(true);
  });
});
