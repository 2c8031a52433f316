import { beforeEach, describe, expect, it } from 'vitest';
import type { Names, Snapshot } from '../../../src/model/ports/ports.js';
import { polled } from '../../../src/store/polled.js';
import { FakeStore } from '../../fakes/store.js';

let store: FakeStore;
let told: string[];
let again: () => void;
let end: AbortController;
const settle = () => new Promise(setImmediate);
/** The next look. */
const look = async () => {
  again();
  await settle();
  await settle();
};
const made = () =>
  polled(
    store,
    () =>
      new Promise<void>((resolve) => {
        again = resolve;
      }),
  );

beforeEach(() => {
  store = new FakeStore().put({ 'a/1': 'one' });
  told = [];
  end = new AbortController();
});

describe.each(['watch', 'watchNames'] as const)('%s of a polled store', (kind) => {
  const begin = async () => {
    const onError = (error: Error) => told.push(error.message);
    if (kind === 'watch') {
      const onSnapshot = ({ entries }: Snapshot) => told.push(entries.map(({ key }) => key).join());
      made().watch('a/', { onSnapshot, onError }, end.signal);
    } else {
      const onNames = ({ keys }: Names) => told.push(keys.join());
      made().watchNames('a/', { onNames, onError }, end.signal);
    }
    await settle();
    await settle();
  };

  it('tells what is there, and then what is news alone', async () => {
    await begin();
    await look();
    expect(told).toEqual(['a/1']);
    store.put({ 'a/2': 'two' });
    await look();
    expect(told).toEqual(['a/1', 'a/1,a/2']);
    store.remove('a/1');
    await look();
    expect(told.at(-1)).toBe('a/2');
  });

  it('tells of a loss, and of what is there once the store answers again', async () => {
    await begin();
    store.fail();
    await look();
    await look();
    store.recover();
    await look();
    expect(told).toEqual(['a/1', 'the fake store is down', 'the fake store is down', 'a/1']);
  });

  it('ends with its signal', async () => {
    await begin();
    end.abort();
    store.put({ 'a/2': 'two' });
    await look();
    expect(told).toEqual(['a/1']);
  });
});
