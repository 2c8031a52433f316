/** Rows whose lines of the log are kept. */
import type { Fields, Log } from '../../../src/health/events.js';
import type { Row } from '../../../src/health/row.js';
import { Rows } from '../../../src/health/rows.js';

export interface Line extends Fields {
  readonly level: keyof Log;
  readonly msg: string;
}

/** A log that keeps its lines; those of level debug apart. */
export class Heard implements Log {
  readonly lines: Line[] = [];
  readonly whispers: Line[] = [];
  readonly debug = this.at('debug', this.whispers);
  readonly info = this.at('info', this.lines);
  readonly warn = this.at('warn', this.lines);
  readonly error = this.at('error', this.lines);

  get words(): readonly string[] {
    return this.lines.map((line) => line.msg);
  }

  private at(level: keyof Log, lines: Line[]) {
    return (fields: Fields, msg: string) => void lines.push({ level, ...fields, msg });
  }
}

/** What a part is given, with what it has said. */
export function heardRows(now?: () => number) {
  const log = new Heard();
  const rows = now ? new Rows(log, { now, date: () => new Date(now()) }) : new Rows(log);
  const all = (): readonly Row[] => rows.snapshot.rows;
  /** `code subject state` of each row, the ok ones left out. */
  const troubles = (): readonly string[] =>
    all().flatMap((row) => (row.state === 'ok' ? [] : [[row.code, row.subject, row.state].filter(Boolean).join(' ')]));
  return { rows, log, all, troubles };
}
