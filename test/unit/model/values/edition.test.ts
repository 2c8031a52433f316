import { describe, expect, it } from 'vitest';
import { differing } from '../../../../src/model/values/differing.js';
import { Edition, edited, lineOf } from '../../../../src/model/values/edition.js';

const numbered = (count: number): Map<string, number> =>
  new Map(Array.from({ length: count }, (_, i) => [`key ${i}`, i]));
const large = (): ReadonlyMap<string, number> => Edition.of(numbered(100));
/** Always the same numbers. */
function* dice(seed: number): Generator<number, never> {
  for (let x = seed; ; ) {
    x = (x * 1103515245 + 12345) % 2147483648;
    yield x;
  }
}

describe('editions of a map', () => {
  it('leave the former one as it was', () => {
    const first = large();
    const second = edited(
      first,
      new Map([
        ['key 1', 100],
        ['key 2', undefined],
        ['new', 7],
      ]),
    );
    expect([first.get('key 1'), first.get('key 2'), first.get('new'), first.size]).toEqual([1, 2, undefined, 100]);
    expect([second.get('key 1'), second.get('key 2'), second.get('new'), second.size]).toEqual([
      100,
      undefined,
      7,
      100,
    ]);
    expect([first.has('new'), second.has('new'), second.has('key 2')]).toEqual([false, true, false]);
    expect([...first]).toHaveLength(100);
    expect(new Map(first)).toEqual(numbered(100));
  });

  it('keep the order of what stays, as a Map does', () => {
    const second = edited(
      large(),
      new Map([
        ['key 0', 5],
        ['new', 7],
      ]),
    );
    expect([[...second.keys()][0], [...second.keys()].at(-1), [...second.values()][0]]).toEqual(['key 0', 'new', 5]);
  });

  it('can be followed from any of them, not only from the newest', () => {
    const first = large();
    edited(first, new Map([['key 1', 100]]));
    const other = edited(first, new Map([['key 2', 200]]));
    expect([other.get('key 1'), other.get('key 2'), first.get('key 2')]).toEqual([1, 200, 2]);
    expect(differing(first, other)).toEqual(['key 2']);
    expect(lineOf(other)).not.toBe(lineOf(first));
  });

  it('know what differs without a look at the rest', () => {
    const first = large();
    const second = edited(
      first,
      new Map([
        ['key 1', 100],
        ['key 3', 3],
      ]),
    );
    const third = edited(
      second,
      new Map([
        ['key 1', 1],
        ['key 2', undefined],
      ]),
    );
    const looked: string[] = [];
    const entries = third.entries.bind(third);
    third.entries = () => {
      looked.push('all');
      return entries();
    };
    expect(differing(first, second)).toEqual(['key 1']);
    expect(differing(first, third)).toEqual(['key 2']);
    expect(differing(second, third)).toEqual(['key 1', 'key 2']);
    expect(looked).toEqual([]);
    // Against the order of their making all are compared.
    expect(new Set(differing(third, second))).toEqual(new Set(['key 1', 'key 2']));
  });

  it('are copies while there are few', () => {
    expect(edited(new Map([['a', 1]]), new Map([['b', 2]]))).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    );
    expect(edited(new Map(), new Map())).toEqual(new Map());
  });

  it('agree with copies, whichever of thousands is asked', () => {
    const roll = dice(7);
    const below = (n: number) => roll.next().value % n;
    const kept: Pair[] = [[large(), numbered(100)]];
    for (let n = 0; n < 1000; n++) {
      const [from, copy] = kept[below(20) > 0 ? kept.length - 1 : below(kept.length)] as Pair;
      const changes = new Map(
        Array.from(
          { length: below(4) },
          () => [`key ${below(150)}`, below(3) === 0 ? undefined : below(1000)] as const,
        ),
      );
      kept.push([edited(from, changes), changed(copy, changes)]);
      if (kept.length > 40) kept.splice(below(39), 1);
      const [edition, wanted] = kept[below(kept.length)] as Pair;
      expect([edition.size, sorted(edition)]).toEqual([wanted.size, sorted(wanted)]);
      const [[a, copyOfA], [b, copyOfB]] = [kept[0], kept.at(-1)] as [Pair, Pair];
      expect(differing(a, b).toSorted()).toEqual(differing(copyOfA, copyOfB).toSorted());
    }
  });
});

type Pair = readonly [edition: ReadonlyMap<string, number>, copy: ReadonlyMap<string, number>];

const sorted = (map: ReadonlyMap<string, number>): string => JSON.stringify([...map].toSorted());

function changed(copy: ReadonlyMap<string, number>, changes: ReadonlyMap<string, number | undefined>) {
  const next = new Map(copy);
  for (const [key, value] of changes)
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  return next;
}
