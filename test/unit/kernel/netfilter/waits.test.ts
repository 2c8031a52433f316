import { expect, it } from 'vitest';
import { Waits } from '../../../../src/kernel/netfilter/waits.js';

let now = 0;
const waits = new Waits(() => now);

it('one alone has waited as long as it took', () => {
  const end = waits.begin();
  now += 700;
  expect(end()).toBe(700);
});

it('what began later has waited for the one before it, and on its own only after that', () => {
  const first = waits.begin();
  now += 10;
  const second = waits.begin();
  now += 5000;
  expect(first()).toBe(5010);
  now += 30;
  expect(second()).toBe(30);
});

it('what ends before one that began before it has not waited on its own', () => {
  const [first, second, third] = [waits.begin(), waits.begin(), waits.begin()];
  now += 2000;
  expect(second()).toBe(0);
  now += 1;
  expect(first()).toBe(2001);
  now += 4;
  expect(third()).toBe(4);
});
