import { describe, expect, it, vi } from 'vitest';
import type { Entry, Op } from '../../../../src/model/ports/ports.js';
import type { EndpointId } from '../../../../src/model/values/types.js';
import { OwnWrites } from '../../../../src/store/feed/own-writes.js';
import { partOf, partSince, type Written } from '../../../../src/store/feed/written.js';

const written = (revision: string, ...ops: readonly Op[]): Written => ({
  ...{ owner: '1'.repeat(16), before: 'before--', revision, index: 7, ops },
});
const entry = (key: string, index: number): Entry => ({
  ...{ key, value: 'old', index, born: 3, held: false, everHeld: false },
});
const known = (...entries: readonly Entry[]) => {
  const all = new Map(entries.map((one) => [one.key, one]));
  return (key: string) => all.get(key);
};

it('are taken one after the other, and those under way are waited for until they end', () => {
  const onEnd = vi.fn();
  const own = new OwnWrites(onEnd);
  own.begin('one-----');
  expect([own.isUnderWay('one-----'), own.isUnderWay('other---'), own.isUnderWay(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(onEnd).not.toHaveBeenCalled();
  own.end(written('one-----'));
  own.begin('two-----');
  own.end(undefined);
  own.begin('three---');
  own.end(written('three---'));
  expect(own.isUnderWay('three---')).toBe(false);
  expect(onEnd).toHaveBeenCalledTimes(3);
  expect([own.take()?.revision, own.take()?.revision, own.take()]).toEqual(['one-----', 'three---', undefined]);
});

it('are not kept for ever where nobody takes them', () => {
  const own = new OwnWrites(() => {});
  for (let i = 0; i < 1_000; i++) own.end(written(String(i)));
  let kept = 0;
  while (own.take() !== undefined) kept++;
  expect(kept).toBeLessThan(100);
});

it('make the part of the view that the store then has', () => {
  const ops: readonly Op[] = [
    { verb: 'create', key: 'a', value: 'A' },
    { verb: 'update', key: 'b', value: 'B', index: 5 },
    { verb: 'check', key: 'c', index: 6 },
    { verb: 'delete', key: 'c' },
  ];
  expect(partOf(written('r', ...ops), known(entry('b', 5), entry('c', 6)))).toEqual({
    entries: [
      { key: 'a', value: 'A', index: 7, born: 7, held: false, everHeld: false },
      { key: 'b', value: 'B', index: 7, born: 3, held: false, everHeld: false },
    ],
    index: 0,
    within: ['a', 'b', 'c'],
  });
});

it.each<[string, Op, readonly Entry[]]>([
  ['what was read later', { verb: 'create', key: 'a', value: 'A' }, [entry('a', 8)]],
  ['what was read just then', { verb: 'update', key: 'a', value: 'A', index: 6 }, [entry('a', 7)]],
  ['what nobody knows', { verb: 'update', key: 'a', value: 'A', index: 6 }, []],
  ['what is still here and had gone there', { verb: 'create', key: 'a', value: 'A' }, [entry('a', 5)]],
  ['a tree', { verb: 'deleteTree', prefix: 'a' }, []],
])('make none over %s', (_, op, entries) => {
  expect(partOf(written('r', op), known(...entries))).toBeUndefined();
});

describe('what a head carries', () => {
  const [ONE, TWO, THREE] = ['1', '2', '3'].map((digit) => digit.repeat(64) as EndpointId);
  const ids = [ONE, TWO, THREE].flatMap((id) => id ?? []);
  const keyed = (at: number) => `endpoints/${ids[at]}`;
  const head = {
    entry: entry('heads/', 7),
    revision: 'newest--',
    head: {
      changes: ['before--', 'newest--', 'newest--', 'newest--'].flatMap((revision, i) => {
        const endpoint = ids[Math.max(0, i - 1)];
        return endpoint === undefined ? [] : [{ revision, endpoint }];
      }),
      carried: new Map(ids.slice(0, 2).map((id, i) => [id, i === 0 ? 'new' : undefined])),
    },
  };
  const since = (revision: string, ...all: readonly Entry[]) => partSince(head, revision, 'endpoints/', known(...all));

  it('need not be read; what it does not carry has to be', () => {
    const carried = { key: keyed(0), value: 'new', index: 7, born: 3, held: false, everHeld: false };
    expect(since('before--', entry(keyed(0), 6), entry(keyed(1), 5))).toEqual({
      part: { entries: [carried], index: 0, within: [keyed(0), keyed(1)] },
      left: [keyed(2)],
    });
    expect(since('newest--')).toEqual({ part: { entries: [], index: 0, within: [] }, left: [] });
    expect(since('another-')).toBeUndefined();
  });

  it('is no older than the head where nobody here knew it, and takes no place of what was read later', () => {
    expect(since('before--')?.part.entries).toMatchObject([{ value: 'new', index: 7, born: 7 }]);
    expect(since('before--', entry(keyed(0), 8), entry(keyed(1), 7))).toMatchObject({
      part: { within: [] },
      left: [keyed(0), keyed(1), keyed(2)],
    });
  });
});
