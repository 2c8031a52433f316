/** Figures as words and tables of Markdown. Pure. */
import type { Estimate, Summary } from '../statistics.js';

export type Row = readonly string[];

/** A table with numbers or words, a line a row. */
export function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** As many digits as matter: 0.42, 1.3, 28.3, 206. */
export const digits = (n: number): string => n.toFixed(Math.abs(n) < 3 ? 2 : Math.abs(n) < 30 ? 1 : 0);
export const spread = (s: Summary): string => `${digits(s.median)} (${digits(s.p10)} – ${digits(s.p90)})`;
export const estimate = (e: Estimate): string => `${e.value.toFixed(2)} (${e.low.toFixed(2)} – ${e.high.toFixed(2)})`;
