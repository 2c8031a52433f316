/** The report as a page. Pure. */
import type { CallTable } from '../measure/calls.js';
import type { Surroundings } from '../surroundings.js';
import type { Column, Figure } from './figure.js';
import { goalsOf, goalTable, RIVAL_NAMES } from './goals.js';
import { COLUMN_NAMES } from './picture.js';
import type { Section } from './report.js';
import { digits, estimate, type Row, spread, table } from './table.js';

/** Processes that wanted a processor before the run. */
const BUSY = 1;
const BUSY_WORDS = ': **the machine was busy**, which makes figures worse and intervals wide';

export function page(sections: readonly Section[]): string {
  return `# Benchmark

tsoverlay beside Docker's own overlay drivers, the hosts themselves and a driver that makes a veth pair alone, each on the same engine
in the same run: \`npm run bench\`. Absolute figures depend on the machine; the ratios are what counts. Figures are medians;
beside them, in brackets, the 10th to 90th percentile of the samples, for a ratio (×) the interval that it lies in with 90 %
(bootstrap).

${table(['', ...sections.map(({ report }) => `Docker ${report.engine}`)], conditions(sections))}

![Bars: each figure as a ratio to Docker's own overlay](images/benchmark.svg)

## Goals

With \`ACCELERATE=auto\` ([docs/acceleration.md](acceleration.md)) where traffic is meant. A ratio that is missed ends the run
with status 1.

${goalTable(sections.flatMap(({ report }) => goalsOf(report)))}

${sections.map(chapter).join('\n\n')}

## How

- Every contender once per round, who goes first changes from round to round, a first round is thrown away: what slows
  the machine down for a while slows all. The ratio is median ÷ median over the same rounds.
- All contenders of an engine are on the same two hosts at once, which live on one machine: a LAN of veth pairs and a bridge,
  real dockerds, a real Consul (\`test/lab\`). For ACCELERATE=auto tsoverlay is started anew in each round, on both hosts;
  the containers are the same.
- Requests of one byte and their responses, one after the other, both ends on one processor, before all else that wants it.
  The rate is then what a processor can do; the CPU of one is what the whole machine does meanwhile (\`/proc/stat\`), less
  what it did right before, divided by their number. For the host "on one host" is its own loopback.
- iperf3, to another host; UDP as fast as the sender goes, datagrams of 1300 bytes, what arrives counts.
- Containers that come and go: \`docker run --rm … true\`. All times are what is taken longer than by the same with
  \`--net none\` in the same round, but for a name's. The clock is outside: it starts with the \`docker\` command and stops when
  that has returned.
- The null driver makes a veth pair on no bridge, and nothing else: what is left is the engine's own work with a network,
  most of it the card on docker_gwbridge. "One card" is a network with \`-o tsoverlay.gateway=overlay\`, whose containers
  have no card on docker_gwbridge.
- A name answers when a \`ping\` of it, tried all the time in a container that has been on the other host before,
  succeeds. A network is used when a container on the other host has been on it, tried all the time.
`;
}

function conditions(sections: readonly Section[]): readonly Row[] {
  const row = (name: string, of: (around: Surroundings) => string): Row => [
    name,
    ...sections.map(({ around }) => of(around)),
  ];
  return [
    row('date', (a) => `${a.date} UTC`),
    row('machine', (a) => `${a.cores} × ${a.processor}, ${a.memoryGib} GiB, Linux ${a.kernel}, Node ${a.node}`),
    row('load before', ({ loadBefore }) => `${loadBefore}${loadBefore > BUSY ? BUSY_WORDS : ''}`),
    row('run', (a) => `${a.seconds} s${a.quick ? ', `--quick`: few samples' : ''}`),
  ];
}

function chapter({ report, failures }: Section): string {
  const failed = Object.entries(failures).map(([contender, count]) => `${contender} ${count}`);
  const { engine, rival, traffic, times, nameFloor, calls, idle, start } = report;
  const docker = RIVAL_NAMES[rival];
  return `## Docker ${engine}, beside ${docker} overlay

${figures(traffic, docker, ['host', 'rival', 'tsoverlay', 'accelerated'])}

${figures(times, docker, ['floor', 'rival', 'tsoverlay', 'oneCard'])}

A name that has stood for long answers after ${digits(nameFloor.rival.median)} ms (${docker}) and ${digits(nameFloor.tsoverlay.median)} ms (tsoverlay): no
name can be sooner.

Driver calls of tsoverlay, from its log, ms (median, 90th percentile):

${callTable([
  ['first container', calls.first],
  ['beside another container', calls.beside],
  ['beside another one, back to back', calls.backToBack],
])}

The process, with two networks and containers on them: ${spread(start)} ms from its start to the socket being served,
${idle.rssMiB.toFixed(0)} MiB resident, ${idle.cpuSeconds.toFixed(2)} s of processor time in ${idle.seconds} s while idle.

Samples that failed and were taken again: ${failed.join(', ') || 'none'}.`;
}

function figures(of: Readonly<Record<string, Figure>>, docker: string, columns: readonly Column[]): string {
  const head = columns.flatMap((column) => (column === 'rival' ? [docker] : [COLUMN_NAMES[column], '×']));
  const rows = Object.values(of).map(({ what, unit, of, times }) => {
    const cells = columns.flatMap((column) => {
      const [summary, ratio] = [of[column], times[column]];
      return [summary ? spread(summary) : '', ...(column === 'rival' ? [] : [ratio ? estimate(ratio) : ''])];
    });
    return [`${what}, ${unit}`, ...cells];
  });
  return table(['what', ...head], rows);
}

function callTable(situations: readonly (readonly [string, CallTable])[]): string {
  const cell = (of: { readonly median: number; readonly p90: number }) => `${digits(of.median)}, ${digits(of.p90)}`;
  const [first] = situations;
  const methods = first?.[1].methods.map(({ method }) => method) ?? [];
  const rows: readonly Row[] = [
    ...methods.map((method, i) => [
      method,
      ...situations.map(([, { methods }]) => (methods[i] ? cell(methods[i]) : '')),
    ]),
    ['**one attach**', ...situations.map(([, { attach }]) => cell(attach))],
    ['**one detach**', ...situations.map(([, { detach }]) => cell(detach))],
    ['attaches', ...situations.map(([, { attach }]) => String(attach.count))],
  ];
  return table(['call', ...situations.map(([where]) => where)], rows);
}
