/** What `tsoverlay status` asks the one that serves for: the rows that are not ok, the worst first. */
import type { Severity } from './entry.js';
import type { Row, Snapshot } from './row.js';

export interface Brief {
  /** How many rows are ok. */
  readonly ok: number;
  /** How many others are left out. */
  readonly more: number;
  /** What they say, not what it is made of, which may be long. */
  readonly rows: readonly Omit<Row, 'args'>[];
}

/** Nobody reads more. */
const MOST = 200;
const RANK: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 };

export function briefOf({ rows }: Snapshot): Brief {
  const troubles = rows.filter((row) => row.state !== 'ok').sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  return {
    ok: rows.length - troubles.length,
    more: Math.max(0, troubles.length - MOST),
    rows: troubles.slice(0, MOST).map(({ args: _, ...row }) => row),
  };
}
