/** What has to hold, from figures to verdicts. Pure. */
import type { Rival } from '../site.js';
import type { Estimate } from '../statistics.js';
import type { Figure } from './figure.js';
import type { EngineReport } from './report.js';
import { digits, estimate, table } from './table.js';

export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
  /** What is no ratio depends on the machine. */
  readonly isRatio: boolean;
}

export const RIVAL_NAMES: Readonly<Record<Rival, string>> = { native: 'native', swarm: "swarm's" };

export function goalsOf(report: EngineReport): readonly Goal[] {
  const { rival, traffic, times, calls, engine } = report;
  const against = (what: string, found: Estimate | undefined, bound: readonly ['≥' | '≤', number]) =>
    ratioGoal(what, RIVAL_NAMES[rival], bound, found);
  const quick = (f: Figure, least: number): readonly Goal[] => against(f.what, f.times.accelerated, ['≥', least]);
  const cheap = (f: Figure): readonly Goal[] => against(f.what, f.times.accelerated, ['≤', 0.78]);
  const oneCard = (f: Figure) => against(`${f.what}, with one card`, f.times.oneCard, ['≤', 0.5]);
  const callGoal = (what: string, table: EngineReport['calls']['first']) =>
    atMost(`driver calls of an attach on ${engine}, ${what}`, 12, table.attach.median);
  const { tsoverlay, floor } = times.beside.of;
  return [
    ...quick(traffic.tcp, 1.3),
    ...quick(traffic.udp, 1.4),
    ...(rival === 'native'
      ? [
          ...quick(traffic.one, 1.2),
          ...quick(traffic.eight, 1),
          ...cheap(traffic.tcpCpu),
          ...cheap(traffic.udpCpu),
          ...quick(traffic.near, 1.1),
        ]
      : [
          callGoal('first container', calls.first),
          callGoal('beside another container', calls.beside),
          callGoal('back to back', calls.backToBack),
        ]),
    ...(tsoverlay && floor
      ? [atMost(`${times.beside.what}, on ${engine}, − null driver's`, 20, tsoverlay.median - floor.median)]
      : []),
    ...(rival === 'swarm' ? [...oneCard(times.first), ...oneCard(times.beside)] : []),
  ];
}

function ratioGoal(
  what: string,
  rival: string,
  [side, bound]: readonly ['≥' | '≤', number],
  found: Estimate | undefined,
): readonly Goal[] {
  if (found === undefined) return [];
  const met = side === '≥' ? found.value >= bound : found.value <= bound;
  const measured = `${estimate(found)} × ${rival}`;
  return [{ what, goal: `${side} ${bound.toFixed(2)} × ${rival}`, measured, met, isRatio: true }];
}

const atMost = (what: string, most: number, found: number): Goal => ({
  ...{ what, goal: `≤ ${most} ms`, measured: `${digits(found)} ms`, met: found <= most, isRatio: false },
});

export const goalTable = (goals: readonly Goal[]): string =>
  table(
    ['what', 'goal', 'measured', ''],
    goals.map(({ what, goal, measured, met }) => [what, goal, measured, met ? 'met' : '**not met**']),
  );
