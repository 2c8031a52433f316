/** Names by the system's resolver, which takes a thread of the pool for as long as it likes. */
import { expect, it, vi } from 'vitest';
import { Addresses } from '../../../src/doctor/looks/addresses.js';

/** A resolver of which each question waits for its answer. */
function slow() {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const resolve = (name: string) =>
    new Promise<readonly { readonly address: string }[]>((answer) => {
      asked.push(name);
      answers.push(() => answer([{ address: '10.0.0.1' }]));
    });
  return { asked, answers, resolve };
}

it('an address is its own, and nobody is asked', async () => {
  const { asked, resolve } = slow();
  const addresses = new Addresses(resolve);
  expect([await addresses.of('10.0.0.9'), await addresses.of('fd00::1')]).toEqual([['10.0.0.9'], ['fd00::1']]);
  expect(asked).toEqual([]);
});

it('what takes too long is none, and holds one thread for all names and all who ask', async () => {
  vi.useFakeTimers();
  const { asked, answers, resolve } = slow();
  const addresses = new Addresses(resolve);
  for (let round = 0; round < 3; round++) {
    const found = Promise.all(['one', 'two'].map((name) => addresses.of(name)));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await found).toEqual([[], []]);
  }
  expect(asked).toEqual(['one']);
  answers[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual(['one', 'two']);
  answers[1]?.();
  await vi.advanceTimersByTimeAsync(0);
  const again = addresses.of('one');
  await vi.advanceTimersByTimeAsync(0);
  answers[2]?.();
  expect(await again).toEqual(['10.0.0.1']);
  vi.useRealTimers();
});
