import { describe, expect, it } from 'vitest';
import { drift, type Figures, failings, ratio } from '../../lab/attacks/figures.js';
import { tables } from '../../lab/attacks/table.js';

const GOOD: Figures = {
  rssBefore: 70,
  rss: [71, 75, 72],
  names: { asked: 1000, right: 1000, p50: 500, p99: 3_000 },
  runs: [400, 500, 450],
  refusals: [],
  complaints: 0,
  injected: 0,
  pings: { sent: 300, lost: 0 },
};
const QUIET: Figures = { ...GOOD, runs: [380, 400, 420] };
const failing = (change: Partial<Figures>, noise = 3_000, slack = 1) =>
  failings({ ...GOOD, ...change }, { quiet: QUIET, noise, seconds: 60, slack });

describe('what was seen beside an attack', () => {
  it('holds when all is within its bounds', () => {
    expect(failing({})).toEqual([]);
    expect(ratio(GOOD, QUIET)).toBeCloseTo(1.125);
  });

  it.each<[string, Partial<Figures>, string]>([
    ['a death', { death: 'the plugin was dead after 3 s' }, 'the plugin was dead after 3 s'],
    ['memory that grows', { rss: [71, 91, 70] }, 'memory went from 70 by 21 MiB'],
    ['slow names', { names: { ...GOOD.names, p99: 20_000 } }, 'names: p99 20.0 ms, 3.0 ms without the attack'],
    ['lost names', { names: { ...GOOD.names, right: 994 } }, '6 of 1000 names not answered'],
    ['slow containers', { runs: [800, 810] }, 'docker run took 2.01 times as long as before'],
    ['no container', { runs: [] }, '0 docker run ended, and 3 before'],
    ['a refusal', { refusals: ['EBUSY'] }, 'docker run failed: EBUSY'],
    ['a flood in the log', { complaints: 21 }, '21 lines of warnings and errors'],
    ['lost packets', { pings: { sent: 300, lost: 4 } }, '4 of 300 packets to the other host lost'],
    ['no way to the other host', { pings: { sent: 0, lost: 0 } }, '0 of 0 packets to the other host lost'],
    ['an injection', { injected: 1 }, '1 datagrams came into the other network'],
  ])('does not hold with %s', (_, change, text) => expect(failing(change)).toEqual([text]));

  it('holds when some packets are lost: there are few processors', () =>
    expect(failing({ pings: { sent: 300, lost: 3 } })).toEqual([]));

  it('lets names be as slow as the machine makes them without an attack, twice', () => {
    const names = { ...GOOD.names, p99: 39_000 };
    expect(failing({ names }, 20_000)).toEqual([]);
    expect(failing({ names }, 19_000)).toHaveLength(1);
  });

  it('lets names and containers be slower where there is slack, and nothing else', () => {
    const slow = { names: { ...GOOD.names, p99: 50_000 }, runs: [1_900] };
    expect(failing(slow)).toHaveLength(2);
    expect(failing(slow, 3_000, 5)).toEqual([]);
    expect(failing({ ...slow, rss: [91] }, 3_000, 5)).toHaveLength(1);
  });

  it('holds when memory shrinks, and tells by how much where it never grew', () => {
    expect(failing({ rss: [49] })).toEqual([]);
    expect(drift({ ...GOOD, rss: [68, 60] })).toBe(-10);
    expect(drift({ ...GOOD, rss: [75, 60] })).toBe(5);
  });
});

it('becomes a table for each engine and plugin, the newest first', () => {
  const host = { rss: -3.4, p50: 0.6, p99: 4.04, quietP99: 3, ratio: 1.2, runs: 4, lost: 1 };
  const row = { engine: '26.1.5', plugin: 'process', order: 0, seconds: 60, strikes: 12_345.6, learned: 0 } as const;
  const held = { ...row, title: 'ARP', failings: [], hosts: [host, { ...host, runs: 0 }] };
  const text = tables([held, { ...held, engine: '28.5.2', plugin: 'managed', strikes: 0.5, failings: ['a|b'] }]);
  expect(text.match(/^## .*$/gm)).toEqual([
    '## Docker 28.5.2, tsoverlay as a managed plugin, 60 s each',
    '## Docker 26.1.5, tsoverlay as a process, 60 s each',
  ]);
  expect(text).toContain(
    '| ARP | 0.5 | −3 / −3 | 0.6 / 0.6 | 4.0 / 4.0 | 3.0 / 3.0 | 1 / 1 | 1.20 × / – | 0 | **no**: a\\|b |',
  );
  expect(text).toContain('| ARP | 12,346 | −3 / −3 |');
  expect(text).toContain('| 0 | yes |');
  const { lost: _, ...old } = host;
  const busy = { ...held, title: 'UDP', hosts: [host, { ...old, p99: 21 }] };
  expect(tables([busy])).toContain(
    '| 1 / – | 1.20 × / 1.20 × | 0 | yes, on a busy machine: p99 of names not below 20 ms |',
  );
});
