/** The figures as a page. Pure. */
import { table } from '../bench/markdown.js';
import { median, quantile } from '../bench/statistics.js';
import type { Surroundings } from '../bench/surroundings.js';
import { type Goal, kb, ms, oneBigGoals } from './goals.js';
import type { Point } from './growth.js';
import type { OneBig } from './one-big.js';

/** What one run of a mode gave. */
export interface Taken<T> {
  readonly around: Surroundings & { readonly tree: string };
  readonly figures: T;
}

/** By mode; what was not run on this tree is as it was before. */
export type Sections = { readonly [M in keyof Figures]?: Taken<Figures[M]> };

export interface Figures {
  readonly onebig: OneBig;
}

export const goalsOf = ({ onebig }: Sections): readonly Goal[] => (onebig ? oneBigGoals(onebig.figures) : []);

export const goalTable = (goals: readonly Goal[]): string =>
  table(
    ['what', 'goal', 'measured', ''],
    goals.map((g) => [
      g.what,
      g.goal,
      g.measured,
      g.met ? 'met' : `**not met**${g.counts ? '' : ' (told, not counted)'}`,
    ]),
  );

export function page(sections: Sections): string {
  return `# Scale

What a cluster costs as it grows: \`npm run bench:scale\`. Absolute figures depend on the machine, on which all hosts share
the same few cores; what counts is the growth along a row. Medians; in brackets the 10th to 90th percentile.

## Goals

${goalTable(goalsOf(sections))}
${sections.onebig ? oneBig(sections.onebig) : ''}`;
}

function oneBig({ around, figures: { points, real, hosts } }: Taken<OneBig>): string {
  const row = (what: string, of: (p: Point) => string) => [what, ...points.map(of)];
  const p99 = (of: readonly number[]) => ms(quantile(of, 0.99));
  return `
## One big network

${conditions(around)}

${hosts} hosts, of which ${real} are real: a plugin process in a network, mount and host name namespace of its own, with the
kernel's own bridges, VXLAN devices and namespaces, and a stand-in for the engine that makes an engine's calls. The other
${hosts - real} are records, which the bench has written into the same Consul server (one, with its data on disk). One real
host starts the containers, has its share of the endpoints (real ones) and is not in the rows of the others; one takes no
part in the network; the event loop of one is watched, and it is left out of the CPU.

${table(
  ['endpoints in the network', ...points.map((p) => String(p.endpoints))],
  [
    row('**each other host, per attach:** CPU', (p) => spread(p.cpu, ms)),
    row('with a share of all that it did meanwhile', (p) => spread(p.cpuWithAll, ms)),
    row('read from Consul', (p) => spread(p.received, kb)),
    row('**a host that takes no part:** CPU', (p) => ms(p.bystander.cpu)),
    row('read', (p) => kb(p.bystander.received)),
    row('**attach** (three calls)', (p) => spread(p.attach, ms)),
    row('RequestAddress', (p) => spread(p.requestAddress, ms)),
    row('CreateEndpoint', (p) => spread(p.createEndpoint, ms)),
    row('Join', (p) => spread(p.join, ms)),
    row('transactions, all requests', (p) => `${p.writes.toFixed(1)}, ${p.requests.toFixed(1)}`),
    row('**Join answered →** FDB entry on all, p99', (p) => p99(p.fdb)),
    row('neighbour entry on all, p99', (p) => p99(p.neighbour)),
    row('name answers on all, p99', (p) => p99(p.name)),
    row('**memory** of a plugin, MiB', (p) => median(p.rssMiB).toFixed(0)),
    row('**longest turn** of the event loop, by its own CPU', (p) => ms(Math.max(...p.busy))),
    row('latest timer, with waiting for a core', (p) => ms(Math.max(...p.late))),
    row('**idle** host: CPU per second', (p) => ms(p.idle.cpu)),
    row('read per second', (p) => kb(p.idle.received)),
  ],
)}
`;
}

const spread = (samples: readonly number[], show: (n: number) => string): string =>
  `${show(median(samples))} (${show(quantile(samples, 0.1))} – ${show(quantile(samples, 0.9))})`;

const conditions = (a: Taken<unknown>['around']): string =>
  `${a.date} UTC, tree ${a.tree}; ${a.cores} × ${a.processor}, ${a.memoryGib} GiB, Linux ${a.kernel}, Node ${a.node}; load before ${a.loadBefore}; ${a.seconds} s.`;
