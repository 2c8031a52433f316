import { expect, it } from 'vitest';
import { largest } from '../../../src/probe/largest.js';

const never = async () => false;
const upTo = (limit: number) => async (size: number) => size <= limit;

it.each([1450, 1449, 1400, 577, 576])('finds %i of 576 to 1450, to the byte', async (limit) => {
  expect(await largest(576, 1450, upTo(limit), never)).toBe(limit);
});

it('is 0 where nothing passes', async () => {
  expect(await largest(576, 1450, never, never)).toBe(0);
});

it('what is only late counts, for whoever has time sees it', async () => {
  let late = 0;
  const hasty = async (size: number) => size <= 1400 && late++ % 3 !== 0;
  expect(await largest(576, 1450, hasty, upTo(1400))).toBe(1400);
  expect(await largest(576, 1450, never, upTo(1450))).toBe(1450);
});

it('takes few tries, however wide the range is', async () => {
  let tries = 0;
  const passes = (size: number) => {
    tries++;
    return upTo(4321)(size);
  };
  expect(await largest(576, 8950, passes, never)).toBe(4321);
  expect(tries).toBeLessThan(60);
});
