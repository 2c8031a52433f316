import { describe, expect, it } from 'vitest';
import { Directory } from '../../../../src/dns/answers/directory.js';
import type { Endpoint } from '../../../../src/model/values/types.js';
import { endpoint } from '../fixtures.js';

const mapOf = (endpoints: readonly Endpoint[]) => new Map(endpoints.map((e) => [e.id as string, e]));

describe('a directory', () => {
  it('follows its network: what comes, changes and goes', () => {
    const web = endpoint(['web', 'all'], ['10.0.0.1/8']);
    const db = endpoint(['DB.', 'all'], ['10.0.0.2/8', 'fd00::2/64']);
    const renamed = { ...db, names: ['sql', 'all', 'all'] };
    const directory = new Directory().follow(mapOf([web, db]));
    expect(directory.named('all')).toEqual([web, db]);
    expect(directory.named('db')).toEqual([db]);
    directory.follow(mapOf([web, renamed]));
    expect(directory.named('db')).toEqual([]);
    expect(directory.named('all')).toEqual([web, renamed]);
    expect(directory.at('fd00::2')).toEqual([renamed]);
    directory.follow(mapOf([renamed]));
    expect(directory.named('web')).toEqual([]);
    expect(directory.at('10.0.0.1')).toEqual([]);
    directory.follow(new Map());
    expect(directory.named('all')).toEqual([]);
  });

  it('goes there in steps, also when the network changes on the way', () => {
    const all = Array.from({ length: 10 }, (_, n) => endpoint([`c${n}`], [`10.0.0.${n}/8`]));
    const [first, later] = [mapOf(all.slice(0, 7)), mapOf(all.slice(3))];
    const directory = new Directory();
    expect(directory.approach(first, 4)).toBe(false);
    expect(directory.named('c3')).toEqual([all[3]]);
    expect(directory.named('c6')).toEqual([]);
    expect(directory.approach(later, 4)).toBe(false);
    let steps = 0;
    while (!directory.approach(later, 4)) steps++;
    expect(steps).toBeLessThan(5);
    expect(all.map(({ names: [name = ''] }) => directory.named(name).length)).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
    expect(new Directory().approach(new Map(), 1)).toBe(true);
  });

  it('equals one made afresh after any changes', () => {
    const name = (n: number) => `n${n % 7}`;
    let now: Endpoint[] = [];
    const directory = new Directory();
    for (let i = 0; i < 300; i++) {
      const next = endpoint([name(i), name(i * 3)], [`10.0.0.${i % 11}/8`]);
      now = [...now.filter((_, k) => (k + i) % 4 !== 0), next];
      directory.follow(mapOf(now));
      const fresh = new Directory().follow(mapOf(now));
      for (let n = 0; n < 11; n++) {
        expect(new Set(directory.named(name(n)))).toEqual(new Set(fresh.named(name(n))));
        expect(new Set(directory.at(`10.0.0.${n}`))).toEqual(new Set(fresh.at(`10.0.0.${n}`)));
      }
    }
  });

  it('takes over a change among 5,000 endpoints, and finds them, in no time', () => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      endpoint([`c${i}`, `svc${i % 50}`, `${i}`.padStart(12, '0')], [`10.1.${i >> 8}.${i & 255}/16`]),
    );
    const directory = new Directory().follow(mapOf(many));
    const changes = Array.from({ length: 20 }, (_, i) => mapOf([...many.slice(i + 1), endpoint([`x${i}`], [])]));
    const fastest = (work: (i: number) => void) =>
      Math.min(
        ...changes.map((_, i) => {
          const began = performance.now();
          work(i);
          return performance.now() - began;
        }),
      );
    expect(fastest((i) => directory.follow(changes[i] ?? new Map()))).toBeLessThan(5);
    expect(
      fastest(() => {
        for (let i = 0; i < 1000; i++) directory.named(`unknown${i}`);
      }),
    ).toBeLessThan(2);
  });
});
