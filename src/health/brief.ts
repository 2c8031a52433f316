/** The rows that are not ok, the worst first, each with its cure: what people are shown. */
import { CATALOGUE } from './catalogue.js';
import type { Severity } from './entry.js';
import type { Row, Snapshot, State } from './row.js';

export interface Brief {
  /** How many rows are ok. */
  readonly ok: number;
  /** How many others are left out. */
  readonly more: number;
  readonly rows: readonly BriefRow[];
}

/** What it says, not what that is made of, which may be long. */
export interface BriefRow extends Omit<Row, 'args' | 'state'> {
  readonly state: Exclude<State, 'ok'>;
  /** What to do. */
  readonly cure: string;
}

/** Nobody reads more. */
const MOST = 200;
const RANK: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 };

export function briefOf({ rows }: Snapshot): Brief {
  const troubles = rows.filter(isTrouble).sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  return {
    ok: rows.length - troubles.length,
    more: Math.max(0, troubles.length - MOST),
    rows: troubles.slice(0, MOST).map(({ args: _, ...row }) => ({ ...row, cure: CATALOGUE[row.code].cure })),
  };
}

const isTrouble = (row: Row): row is Row & { readonly state: Exclude<State, 'ok'> } => row.state !== 'ok';
