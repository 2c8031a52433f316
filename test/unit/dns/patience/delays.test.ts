import { expect, it } from 'vitest';
import { Delays } from '../../../../src/dns/patience/delays.js';

let now = 0;
const made = () => new Delays(() => now);

it('one that alone keeps us waiting for long is left alone as long, and never longer for its having done so before', () => {
  const delays = made();
  const rests = [900, 4000, 4100, 7000, 7000, 7000, 60_000, 60_000].map((waited) => {
    now += waited;
    return delays.restAfter('a', waited);
  });
  expect(rests).toEqual([0, 0, 4100, 7000, 7000, 7000, 10_000, 10_000]);
});

it('several that keep us waiting at about the same time are victims of one lock, and none of them rests', () => {
  const delays = made();
  const after = (path: string, waited: number) => {
    now += waited;
    return delays.restAfter(path, waited);
  };
  expect(after('a', 6000)).toBe(6000);
  expect(['b', 'c', 'a', 'b'].map((path) => after(path, 6000))).toEqual([0, 0, 0, 0]);
  now += 20_000;
  expect(after('a', 6000)).toBe(6000);
});

it('what nobody wants any more is no witness', () => {
  const delays = made();
  delays.restAfter('a', 6000);
  delays.keepOnly(new Map([['b', 1]]));
  expect(delays.restAfter('b', 6000)).toBe(6000);
});
