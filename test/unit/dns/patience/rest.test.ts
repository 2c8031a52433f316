import { beforeEach, expect, it } from 'vitest';
import { Rest } from '../../../../src/dns/patience/rest.js';

let now: number;
let rest: Rest;
beforeEach(() => {
  now = 1000;
  rest = new Rest(() => now);
});
const taking = (ms: number, ends: () => Promise<void> = () => Promise.resolve()) =>
  rest.after(async () => {
    now += ms;
    await ends();
  });

it('whoever took no longer than any on a busy host is asked again at once', async () => {
  await taking(200);
  expect(rest.isOver).toBe(true);
});

it('whoever kept us waiting is left alone for twenty times as long as it took beyond that', async () => {
  await taking(4_200);
  now += 79_999;
  expect(rest.isOver).toBe(false);
  now += 1;
  expect(rest.isOver).toBe(true);
});

it('so is one that was refused in the end, and five minutes are the longest', async () => {
  await expect(taking(60_000, () => Promise.reject(new Error('EPERM')))).rejects.toThrow('EPERM');
  now += 299_999;
  expect(rest.isOver).toBe(false);
  now += 1;
  expect(rest.isOver).toBe(true);
});

it('a shorter one does not end a longer one', async () => {
  await taking(4_000);
  await taking(1);
  now += 70_000;
  expect(rest.isOver).toBe(false);
});
