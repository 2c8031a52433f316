import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turns } from '../../../../src/dns/serving/turns.js';

const busy = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end; );
};

it('one of each in turn, whoever has asked more', async () => {
  const turns = new Turns();
  const done: string[] = [];
  const [a, b, c] = [{}, {}, {}];
  for (let i = 0; i < 5; i++) turns.add(a, () => done.push('a'));
  turns.add(b, () => done.push('b'));
  for (let i = 0; i < 2; i++) turns.add(c, () => done.push('c'));
  expect(done).toEqual([]);
  while (done.length < 8) await turn();
  expect(done.join('')).toBe('abcacaaa');
});

it('some milliseconds at once, then everything else', async () => {
  const turns = new Turns();
  let done = 0;
  for (let owner = 0; owner < 20; owner++) {
    for (let i = 0; i < 5; i++) {
      turns.add(owner === 0 ? turns : { owner }, () => {
        busy(1);
        done++;
      });
    }
  }
  const steps: number[] = [];
  for (let before = 0; done < 100; before = done) {
    await turn();
    steps.push(done - before);
  }
  expect(Math.max(...steps)).toBeLessThanOrEqual(5);
});

it('what is dropped is not done, also from within', async () => {
  const turns = new Turns();
  const owner = {};
  let done = 0;
  turns.add(owner, () => {
    done++;
    turns.drop(owner);
  });
  turns.add(owner, () => done++);
  expect(turns.waiting(owner)).toBe(2);
  for (let i = 0; i < 5; i++) await turn();
  expect(done).toBe(1);
  expect(turns.waiting(owner)).toBe(0);
});
