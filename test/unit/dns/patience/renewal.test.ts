import { beforeEach, expect, it } from 'vitest';
import { Renewal } from '../../../../src/dns/patience/renewal.js';

let now: number;
let begun: number;
/** Ends the one under way. */
let end: { done: () => void; failed: (e: Error) => void };
let waited: number;
const resolver = {
  renew: () => {
    begun++;
    return new Promise<void>((resolve, reject) => {
      end = { done: resolve, failed: reject };
    });
  },
  takeWaited: () => waited,
};
const made = (restAfter = (_: number) => 0) => new Renewal(resolver, restAfter, () => now);

beforeEach(() => {
  [now, begun, waited] = [1000, 0, 0];
});

it('one that comes late is one that got through: the redirect had run out, and lives again', async () => {
  const renewal = made();
  const late = renewal.beat();
  now += 9000;
  expect(renewal.hasRunOut).toBe(true);
  end.done();
  await late;
  expect(renewal.hasRunOut).toBe(false);
  void renewal.beat();
  expect(begun).toBe(2);
});

it('there is one at a time, and none while it rests', async () => {
  const asked: number[] = [];
  const renewal = made((ms) => {
    asked.push(ms);
    return 3000;
  });
  const first = renewal.beat();
  await renewal.beat();
  expect(begun).toBe(1);
  now += 5000;
  waited = 5000;
  end.done();
  await first;
  expect(asked).toEqual([5000]);
  now += 2999;
  await renewal.beat();
  expect(begun).toBe(1);
  now += 1;
  void renewal.beat();
  expect(begun).toBe(2);
});

it('one that was refused is told, and the next may be tried', async () => {
  const renewal = made();
  const refused = renewal.beat();
  end.failed(new Error('EPERM'));
  await expect(refused).rejects.toThrow('EPERM');
  void renewal.beat();
  expect(begun).toBe(2);
});
