/** From rounds of traffic to figures and verdicts. Pure. */
import type { Goal } from './report.js';
import { type Estimate, ratioOfMedians, type Summary, summarise } from './statistics.js';
import { PATHS, type Path, type Traffic, type TrafficRound } from './traffic.js';

export interface TrafficRow {
  readonly what: string;
  readonly unit: 'Gbit/s' | 'µs';
  readonly of: Readonly<Record<Path, Summary>>;
  /** How many times as many as by the native driver, in the same time. */
  readonly gain: Readonly<Record<'tsoverlay' | 'accelerated', Estimate>>;
  /** Of what is accelerated. */
  readonly goal: Goal;
}

export const trafficRows = (rounds: readonly TrafficRound[]): readonly TrafficRow[] => [
  row(rounds, 'TCP round trip to another host', 'µs', (t) => t.trips.tcp, 1.3),
  row(rounds, 'UDP round trip to another host', 'µs', (t) => t.trips.udp, 1.4),
  row(rounds, 'TCP round trip on one host', 'µs', (t) => t.near, 1.1),
  row(rounds, 'TCP, one stream to another host', 'Gbit/s', (t) => t.streams.tcp / 1e9, 1.2),
  row(rounds, 'UDP, datagrams of 1300 bytes to another host', 'Gbit/s', (t) => t.streams.udp / 1e9, 1.4),
];

function row(
  rounds: readonly TrafficRound[],
  what: string,
  unit: TrafficRow['unit'],
  figure: (traffic: Traffic) => number,
  least: number,
): TrafficRow {
  // A time is good when it is short.
  const speed = (traffic: Traffic): number => (unit === 'µs' ? 1 / figure(traffic) : figure(traffic));
  const gain = (path: 'tsoverlay' | 'accelerated'): Estimate =>
    ratioOfMedians(rounds.map((round) => [speed(round[path]), speed(round.native)]));
  const of = (path: Path): Summary => summarise(rounds.map((round) => figure(round[path])));
  const [tsoverlay, accelerated] = [gain('tsoverlay'), gain('accelerated')];
  const verdict = accelerated.value >= least ? 'met' : accelerated.high >= least ? 'level' : 'not met';
  return {
    ...{ what, unit, gain: { tsoverlay, accelerated } },
    of: Object.fromEntries(PATHS.map((path) => [path, of(path)])) as Record<Path, Summary>,
    goal: { goal: `at least ${least.toFixed(2)} × native`, verdict },
  };
}
