import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isStoreError, isUserError } from '../../../../src/errors.js';
import { keys } from '../../../../src/model/values/names.js';
import { FileStore } from '../../../../src/store/file/file.js';
import { FileReading } from '../../../../src/store/file/reading.js';
import { polled } from '../../../../src/store/polled.js';
import { UNREAD } from '../../../../src/store/records/left-out.js';
import { formatNetwork } from '../../../../src/store/records/records.js';
import { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { heardRows } from '../../health/heard.js';
import { networkId, networkOf } from '../samples.js';

describe('FileReading', () => {
  let path: string;
  let reading: FileReading;
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'tsoverlay-reading-')), 'data', 'store.json');
    reading = new FileReading(path, ({ key }) => key === 'held');
  });
  afterEach(() => rm(dirname(dirname(path)), { recursive: true }));

  const failure = (work: Promise<unknown>) => work.catch((e: unknown) => e);

  it('has at each question what the one that writes has committed', async () => {
    const store = await FileStore.open(path);
    expect((await reading.list('')).entries).toEqual([]);
    for (const value of ['1', '2']) {
      await store.commit([{ verb: 'set', key: 'a/b', value }]);
      expect(await reading.get('a/b')).toEqual(await store.get('a/b'));
    }
    expect(await reading.list('a/')).toEqual(await store.list('a/'));
    expect(await reading.keys('a/')).toEqual(['a/b']);
    expect(await reading.children('')).toEqual(await store.children(''));
    await store.close();
  });

  it('takes for held what it is told of', async () => {
    const store = await FileStore.open(path);
    await store.hold('held', '1', () => {});
    await store.hold('other', '1', () => {});
    expect((await reading.list('')).entries.map(({ key, held }) => [key, held])).toEqual([
      ['held', true],
      ['other', false],
    ]);
    expect(await reading.get('held')).toMatchObject({ held: true, everHeld: true });
    await store.close();
  });

  it('finds nothing where nothing was ever written, and makes nothing there', async () => {
    expect(await reading.get('a')).toBeUndefined();
    expect((await reading.list('')).entries).toEqual([]);
    expect(existsSync(dirname(path))).toBe(false);
  });

  it('neither sets a broken file aside nor begins empty, and reads it once it is whole', async () => {
    const store = await FileStore.open(path);
    await writeFile(path, '{"version":1,"index":');
    const error = await failure(reading.list(''));
    expect(isStoreError(error) && error.message).toContain(`${path} cannot be read (`);
    expect(await readdir(dirname(path))).toEqual(['store.json']);
    expect(await readFile(path, 'utf8')).toBe('{"version":1,"index":');
    await store.commit([{ verb: 'create', key: 'a', value: '' }]);
    expect(await reading.keys('')).toEqual(['a']);
    await store.close();
  });

  it("says of a newer release's file that it is one", async () => {
    await FileStore.open(path);
    await writeFile(path, '{"version":2}');
    const error = await failure(reading.list(''));
    expect(isStoreError(error) && error.message).toContain(`${path} was written by a newer release`);
  });

  it('has whoever follows it told of such a file, and of what the right one has again', async () => {
    const store = await FileStore.open(path);
    await store.commit([
      { verb: 'set', key: keys.network(networkId('a')), value: formatNetwork(networkOf(networkId('a'))) },
    ]);
    const [ending, right] = [new AbortController(), await readFile(path, 'utf8')];
    const { rows, troubles } = heardRows();
    const followed = polled(reading, () => new Promise((resolve) => setTimeout(resolve, 5)));
    // Replaced between the news and the read that they bring about.
    let isOther = false;
    followed.list = async (prefix) => {
      if (prefix === keys.networks && !isOther) await writeFile(path, '{"version":2}');
      isOther ||= prefix === keys.networks;
      return reading.list(prefix);
    };
    const view = new ClusterView(followed, UNREAD, undefined, rows);
    view.start(ending.signal);
    await vi.waitFor(() => expect(troubles()).toContain('store.watch networks/ failing'), 5_000);
    await writeFile(path, right);
    await view.ready(10_000);
    expect(view.current.networks.size).toBe(1);
    ending.abort();
    await store.close();
  });

  it('changes nothing', async () => {
    for (const work of [reading.commit(), reading.hold()]) {
      const error = await failure(work);
      expect(isUserError(error) && error.message).toBe(
        `${path} is written by the tsoverlay of this host alone: nothing was changed`,
      );
    }
  });
});
