/** The figures as a page. Pure. */
import { table } from '../bench/report/table.js';
import { many, oneBig, rush, type Taken } from './chapters.js';
import { type Goal, manyGoals, oneBigGoals, rushGoals } from './goals.js';
import type { Many } from './many.js';
import type { OneBig } from './one-big.js';
import type { Rush } from './rush.js';

/** By mode; what was not run on this tree is as it was before. */
export type Sections = { readonly [M in keyof Figures]?: Taken<Figures[M]> };

export interface Figures {
  readonly onebig: OneBig;
  readonly many: Many;
  readonly rush: Rush;
}

export const goalsOf = ({ onebig, many, rush }: Sections): readonly Goal[] => [
  ...(onebig ? oneBigGoals(onebig.figures) : []),
  ...(many ? manyGoals(many.figures) : []),
  ...(rush ? rushGoals(rush.figures) : []),
];

export const goalTable = (goals: readonly Goal[]): string =>
  table(
    ['what', 'goal', 'measured', ''],
    goals.map((g) => [g.what, g.goal, g.measured, g.met ? 'met' : '**not met**']),
  );

/** Where nothing is taken of a mode, nothing is said. */
export function page(sections: Sections): string {
  return `# Scale

What a cluster costs as it grows: \`npm run bench:scale\`. Absolute figures depend on the machine, on which all hosts share
the same few cores; what counts is the growth along a row. Medians; in brackets the 10th to 90th percentile.

## Goals

${goalTable(goalsOf(sections))}
${sections.onebig ? oneBig(sections.onebig) : ''}${sections.many ? many(sections.many) : ''}${sections.rush ? rush(sections.rush) : ''}${NOT_REACHED}`;
}

/** What a machine as small as ours cannot show. */
const NOT_REACHED = `
## What this does not show

- A hundred plugin processes at once: hosts that are records neither read nor attach, so Consul answers a dozen watches
  where it would answer a hundred. What each host reads and computes is that of a hundred hosts all the same.
- Times on a machine of one's own: here plugins, Consul and the bench share its cores, and a change wakes all plugins at
  the same moment.
- Engines: test/lab has them, and docs/benchmark.md their times.
`;
