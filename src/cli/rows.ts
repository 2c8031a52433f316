/** Status rows that are not ok, as people read them. */
import type { AgentStatus, StatusRow } from '../admin/contract/status.js';
import type { Code } from '../health/catalogue.js';
import { secondsOf } from './desk.js';

/** What status finds out by itself, as it is at this moment. */
const OWN_LOOK: ReadonlySet<string> = new Set<Code>(['cluster.version', 'consul.exposed']);

/** Those that matter. */
export const mattering = (rows: readonly StatusRow[]): readonly StatusRow[] =>
  rows.filter(({ code, severity }) => severity !== 'low' && !OWN_LOOK.has(code));

/** One line for each that matters. */
export function rowLines({ more, rows }: Pick<AgentStatus, 'more' | 'rows'>): readonly string[] {
  const lines = mattering(rows).map(lineOf);
  return more === 0 ? lines : [...lines, `warning: and ${more} more; the log has them`];
}

function lineOf({ code, state, since, text }: StatusRow): string {
  const prefix = state === 'pending' ? 'not yet' : 'warning';
  return `${prefix}: ${text} (${code}, since ${secondsOf(since)})`;
}
