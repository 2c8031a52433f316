import { expect, it } from 'vitest';
import { Failures } from '../../../../src/dns/patience/failures.js';

let now = 0;
const failing = () => new Failures(() => now);

it('are tried again after ten seconds, then ever later, also when it worked in between', () => {
  const failures = failing();
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    failures.add('a');
    const began = now;
    while (failures.waits('a')) now += 1000;
    waits.push((now - began) / 1000);
    failures.worked('a');
    expect(failures.waits('a')).toBe(false);
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
  expect(failures.waits('b')).toBe(false);
});

it('begin anew after quiet, and when nobody wants the sandbox any more', () => {
  const failures = failing();
  failures.add('a');
  failures.add('a');
  now += 1_000_000;
  failures.add('a');
  now += 10_000;
  expect(failures.waits('a')).toBe(false);
  failures.add('a');
  failures.keepOnly(new Map());
  expect(failures.waits('a')).toBe(false);
  failures.add('a');
  now += 10_000;
  expect(failures.waits('a')).toBe(false);
});
