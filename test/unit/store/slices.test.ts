import { describe, expect, it } from 'vitest';
import { listInSlices, slicesOf } from '../../../src/store/slices.js';
import { FakeStore } from '../../fakes/store.js';

const FOLDER = 'addresses/fd00-64/';
/** Short ones are the beginning of long ones. */
const hex = Array.from({ length: 5_000 }, (_, i) => `${FOLDER}fd00::${(i + 1).toString(16)}`).sort();

describe('slices of a folder', () => {
  it('are one for few keys and none for no key', () => {
    expect(slicesOf([], FOLDER, 300)).toEqual([]);
    expect(slicesOf(hex.slice(0, 300), FOLDER, 300)).toEqual([{ prefix: FOLDER }]);
  });

  it('have each key once and few at a time, also a key that is the beginning of others', () => {
    const slices = slicesOf(hex, FOLDER, 300);
    const found = slices.map((slice) =>
      'key' in slice ? hex.filter((key) => key === slice.key) : hex.filter((key) => key.startsWith(slice.prefix)),
    );
    expect(found.flat().sort()).toEqual([...hex].sort());
    expect(Math.max(...found.map((part) => part.length))).toBeLessThanOrEqual(300);
    expect(slices.some((slice) => 'key' in slice)).toBe(true);
    expect(slices.length).toBeLessThan(64);
  });

  it('bring all that is there', async () => {
    const store = new FakeStore().put(Object.fromEntries(hex.map((key) => [key, '{}'])));
    const found: string[] = [];
    for await (const part of listInSlices(store, FOLDER)) found.push(...part.map(({ key }) => key));
    expect(found.sort()).toEqual([...hex].sort());
  });
});
