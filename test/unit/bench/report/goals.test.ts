import { expect, it } from 'vitest';
import { goalsOf, goalTable } from '../../../lab/bench/report/goals.js';
import { engine, sampled } from './engines.js';

const missed = (report: Parameters<typeof goalsOf>[0]) =>
  goalsOf(report)
    .filter(({ met }) => !met)
    .map(({ what, isRatio }) => [what, isRatio]);

it('ratios are met from their figure on, and judged on the engine that they are meant for', () => {
  const traffic = {
    tcp: sampled('tcp', { accelerated: 130 }),
    udp: sampled('udp', { accelerated: 139 }),
    one: sampled('one', { accelerated: 120 }),
    near: sampled('near', { accelerated: 110 }),
    tcpCpu: sampled('tcpCpu', { accelerated: 78 }),
    udpCpu: sampled('udpCpu', { accelerated: 79 }),
  };
  expect(missed(engine('native', { traffic }))).toEqual([
    ['udp', true],
    ['udpCpu', true],
  ]);
  const times = { first: sampled('first', { oneCard: 50 }), beside: sampled('beside', { oneCard: 51 }) };
  expect(missed(engine('swarm', { traffic, times }))).toEqual([
    ['udp', true],
    ['beside, with one card', true],
  ]);
});

it('milliseconds are no ratio: they depend on the machine', () => {
  const times = { beside: sampled('beside', { floor: 60, tsoverlay: 80.5, oneCard: 40 }) };
  const found = goalsOf(engine('swarm', { times, calls: 12.4 })).filter(({ isRatio }) => !isRatio);
  expect(found.map(({ measured, met }) => [measured, met])).toEqual([
    ['12.4 ms', false],
    ['12.4 ms', false],
    ['12.4 ms', false],
    ['20.5 ms', false],
  ]);
  expect(goalTable(found)).toContain('| ≤ 20 ms | 20.5 ms | **not met** |');
});
