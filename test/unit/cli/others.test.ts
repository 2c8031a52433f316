import { expect, it } from 'vitest';
import { startOf } from '../../../src/cli/doctor/others.js';

it('few hosts are asked a tenth of a second apart, many within three seconds all together', () => {
  expect([0, 1, 11].map((n) => startOf(n, 12))).toEqual([0, 100, 1_100]);
  expect([0, 99, 100].map((n) => Math.round(startOf(n, 100)))).toEqual([0, 2_970, 3_000]);
  expect(startOf(499, 500)).toBeLessThan(3_000);
});
