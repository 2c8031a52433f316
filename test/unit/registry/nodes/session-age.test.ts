import { expect, it } from 'vitest';
import { SessionAge } from '../../../../src/registry/nodes/session-age.js';

it('has an age from its first time on, and each other one is a loss of the one before, for ten minutes', () => {
  let now = 1_000;
  const age = new SessionAge(() => now);
  expect(age.report).toEqual({ ageMs: undefined, lost: 0 });
  age.see(1);
  now += 5_000;
  age.see(1);
  expect(age.report).toEqual({ ageMs: 5_000, lost: 0 });
  age.see(2);
  now += 60_000;
  age.see(3);
  expect(age.report).toEqual({ ageMs: 0, lost: 2 });
  now += 599_999;
  expect(age.report).toEqual({ ageMs: 599_999, lost: 1 });
  now += 1;
  expect(age.report.lost).toBe(0);
});
