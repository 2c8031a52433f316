import { expect, it } from 'vitest';
import { atMost, rushGoals } from '../../lab/scale/goals.js';
import { goalTable } from '../../lab/scale/page.js';

it('a goal is met up to its figure', () => {
  expect(atMost('a', 5, 5, String)).toEqual({ what: 'a', goal: '≤ 5', measured: '5', met: true });
  expect(goalTable([atMost('b', 5, 6, String)])).toContain('| b | ≤ 5 | 6 | **not met** |');
});

it('a container that did not start, a transaction too many and a host that is late are misses', () => {
  const outage = { seconds: 8, after: 30, attached: [100, 1500], requests: [1, 2] };
  const addresses = { got: 300, writes: 1.6, lists: 0, ms: 900 };
  const starts = { done: 299, writes: 3, ms: 9000, trouble: 'no' };
  const goals = rushGoals({ real: 20, containers: 300, addresses, starts, outage });
  expect(goals.map((g) => [g.measured, g.met])).toEqual([
    ['0', true],
    ['1.60', false],
    ['1', false],
    ['1500 ms', false],
    ['1.5', true],
  ]);
});
