/** The report as a page. Pure. */
import type { CallReport, Comparison, Report, Verdict } from './report.js';
import type { Estimate, Summary } from './statistics.js';
import type { Surroundings } from './surroundings.js';
import type { TrafficRow } from './traffic-report.js';

type Row = readonly string[];

const MARK: Readonly<Record<Verdict, string>> = { met: 'met', level: 'met: level', 'not met': '**not met**' };

/** What was aimed at, what came out, and whether that will do. */
export function goals({ comparisons, traffic, calls }: Report): readonly Row[] {
  return [
    ...comparisons.flatMap(({ what, ratio, goal }) =>
      goal ? [[what, goal.goal, `${fixed(ratio.value, 2)} × native`, MARK[goal.verdict]]] : [],
    ),
    ...traffic.map(({ what, gain, goal }) => [
      `${what}, ACCELERATE=auto`,
      goal.goal,
      `${fixed(gain.accelerated.value, 2)} × native`,
      MARK[goal.verdict],
    ]),
    ...calls.map(({ where, attach, goal }) => [
      `driver calls of an attach, ${where}`,
      goal.goal,
      `${ms(attach.median)} ms`,
      MARK[goal.verdict],
    ]),
  ];
}

export function page(report: Report, around: Surroundings): string {
  const { newest, bridge, nameFloor } = report;
  return `# Benchmark

tsoverlay beside Docker's own overlay driver over Consul, on the same engines, in the same run: \`npm run bench\`.
Absolute figures depend on the machine; the ratios are what counts. Figures are medians; beside them, in brackets,
the 10th to 90th percentile of the samples, for a ratio the interval that it lies in with 90 % (bootstrap).

${table(['', ''], conditions(around))}

## Goals

${table(['what', 'goal', 'measured', ''], goals(report))}

"level": below, but the goal lies within the interval of the measurement.

## Beside the native driver

Docker ${around.engine}. A container's times are what it takes longer than the same with \`--net none\` in the same
round. On Docker's own bridge \`docker run --rm … true\` takes ${ms(bridge.median)} ms longer than with none; an overlay
network comes with a second card on the bridge docker_gwbridge, so that is in both drivers' figures. Beside another
container no driver has a namespace to make or to remove: what is left is nearly all the engine's own work (two cards
moved into the container and out again).

${table(['what', 'native', 'tsoverlay', 'tsoverlay ÷ native', 'samples'], report.comparisons.map(comparison))}

A name that has stood for long answers after ${ms(nameFloor.native.median)} ms (native) and ${ms(nameFloor.tsoverlay.median)} ms (tsoverlay): no name
can be sooner. Samples that failed and were taken again: ${failures(report)}.

## Traffic

With ACCELERATE=off, the default, and with ACCELERATE=auto (docs/acceleration.md), for which tsoverlay is started anew in each
round. A round trip's time is that of the CPU at both ends, which are on one; × is how many times as many there are in the
same time as by the native driver.

${table(['what', 'host to host', 'native', 'tsoverlay', '×', 'ACCELERATE=auto', '×'], report.traffic.map(traffic))}

## Driver calls

From the plugin's log, ms.

${report.calls.map(calls).join('\n\n')}

## The process

On Docker ${newest.engine}, with one network and a container on each of two hosts.

${table(
  ['what', 'measured'],
  [
    ['start of the process to its socket being served', `${spread(newest.start, ms)} ms`],
    ['resident memory', `${newest.idle.rssMiB.toFixed(0)} MiB`],
    ['processor time while idle', `${newest.idle.cpuSeconds.toFixed(2)} s in ${newest.idle.seconds} s`],
  ],
)}

## How

- Every contender once per round, who goes first changes from round to round, a first round is thrown away: what slows
  the machine down for a while slows all. The ratio is median ÷ median over the same rounds.
- Both drivers run on the same two hosts at once, which live on one machine: a LAN of veth pairs and a bridge, real
  dockerds, a real Consul (\`test/lab\`). Only the VXLAN id differs.
- The clock is outside: it starts with the \`docker\` command and stops when that has returned.
- A name answers when a \`ping\` of it, tried all the time in a container that has been on the other host before,
  succeeds.
- iperf3, one stream; UDP as fast as the sender goes, datagrams of 1300 bytes, what arrives counts.
- Round trips of one byte, both ends on one processor; the first column of one host is the host by itself.
`;
}

const conditions = (a: Surroundings): readonly Row[] => [
  ['date', `${a.date} UTC`],
  ['engine', `Docker ${a.engine}, the last packaged one with the native driver`],
  ['machine', `${a.cores} × ${a.processor}, ${a.memoryGib} GiB, Linux ${a.kernel}, Node ${a.node}`],
  ['load before', `${a.loadBefore} (other work on the machine makes figures worse and intervals wide)`],
  ['run', `${a.seconds} s${a.quick ? ', --quick: few samples' : ''}`],
];

function comparison({ what, unit, native, tsoverlay, ratio }: Comparison): Row {
  const show = unit === 'ms' ? ms : share;
  const of = (s: Summary): string => `${spread(s, show)}${unit === 'ms' ? ' ms' : ''}`;
  return [what, of(native), of(tsoverlay), estimate(ratio), String(tsoverlay.count)];
}

function traffic({ what, unit, of, gain }: TrafficRow): Row {
  const show = (s: Summary): string => spread(s, (n) => fixed(n, 1));
  const { tsoverlay, accelerated } = gain;
  const withGain = (s: Summary, times: Estimate): Row => [show(s), estimate(times)];
  const ours = [...withGain(of.tsoverlay, tsoverlay), ...withGain(of.accelerated, accelerated)];
  return [`${what}, ${unit}`, show(of.host), show(of.native), ...ours];
}

function calls({ where, methods, attach, detach }: CallReport): string {
  const row = (name: string, s: Summary): Row => [name, ms(s.median), ms(s.p90), String(s.count)];
  const rows = [...methods.map((m) => row(m.method, m)), row('**one attach**', attach), row('**one detach**', detach)];
  return `${where}:\n\n${table(['call', 'median', '90th percentile', 'calls'], rows)}`;
}

const failures = (report: Report): string =>
  Object.entries(report.failures)
    .map(([contender, count]) => `${contender} ${count}`)
    .join(', ') || 'none';

/** A table with numbers or words, a line a row. */
export function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const fixed = (n: number, digits: number): string => n.toFixed(digits);
/** Milliseconds: tenths only where they matter. */
const ms = (n: number): string => fixed(n, Math.abs(n) < 30 ? 1 : 0);
const share = (n: number): string => fixed(n, 2);
const spread = (s: Summary, show: (n: number) => string): string =>
  `${show(s.median)} (${show(s.p10)} – ${show(s.p90)})`;
const estimate = (e: Estimate): string => `${fixed(e.value, 2)} (${fixed(e.low, 2)} – ${fixed(e.high, 2)})`;
