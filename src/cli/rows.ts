/** Status rows that are not ok, as people read them. */
import type { StatusRow } from '../admin/contract/status.js';
import type { Code } from '../health/catalogue.js';
import { secondsOf } from './frame/desk.js';

/** What status finds out by itself, as it is at this moment. */
const OWN_LOOK: ReadonlySet<string> = new Set<Code>(['cluster.version', 'consul.exposed']);

/** Those that matter. `said`: sentences that stand elsewhere already. */
export const mattering = (rows: readonly StatusRow[], said: readonly string[] = []): readonly StatusRow[] =>
  rows.filter(
    ({ code, severity, text }) =>
      severity !== 'low' && !OWN_LOOK.has(code) && !said.some((words) => text.includes(words)),
  );

/** Those of little weight. */
export const minorIn = (rows: readonly StatusRow[]): readonly StatusRow[] =>
  rows.filter(({ code, severity }) => severity === 'low' && !OWN_LOOK.has(code));

/** One line for all of them. */
export function minorLines(rows: readonly StatusRow[]): readonly string[] {
  const words = minorIn(rows).map(({ code, state, since }) => `${code} ${state} since ${secondsOf(since)}`);
  return words.length === 0 ? [] : [`of little weight: ${words.join(', ')}`];
}

/** What is wrong, with the code and since when, and below it what to do. */
export function rowLines(rows: readonly StatusRow[], more = 0): readonly string[] {
  const lines = rows.flatMap((row) => [lineOf(row), `  cure: ${row.cure}`]);
  return more === 0 ? lines : [...lines, `warning: and ${more} more; the log has them`];
}

function lineOf({ code, state, since, text }: StatusRow): string {
  const prefix = state === 'pending' ? 'not yet' : 'warning';
  return `${prefix}: ${text} (${code}, since ${secondsOf(since)})`;
}
