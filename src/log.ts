/** The log on standard output: JSON lines, or with LOG_FORMAT=text lines for people. */
import { hostname } from 'node:os';
import { type Logger, pino } from 'pino';
import * as z from 'zod';
import { shown } from './model/values/printable.js';

export type LogFormat = 'json' | 'text';

export function makeLog(format: LogFormat): Logger {
  return pino({
    level: 'info',
    base: { host: hostname() },
    // The engine prints all of a plugin's output at one level: ours stands in the line.
    formatters: { level: (level) => ({ level }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    // JSON escapes control characters, but neither U+009B, which terminals obey too, nor what turns a line round.
    hooks: { streamWrite: (line) => `${shown(format === 'text' ? textOf(line) : line.trimEnd())}\n` },
  });
}

const fields = z.looseObject({ level: z.string(), time: z.string(), msg: z.string().default(''), host: z.string() });

/** `03:41:12.123 WARN  row: a record is left out (code=store.record, key=nodes/x)` */
export function textOf(line: string): string {
  const { level, time, msg, host: _, event, ...rest } = fields.parse(JSON.parse(line));
  const more = Object.entries(rest).map(([name, value]) => `${name}=${shownOf(value)}`);
  const tail = more.length === 0 ? '' : ` (${more.join(', ')})`;
  return `${time} ${level.toUpperCase().padEnd(5)} ${event === undefined ? '' : `${event}: `}${msg}${tail}`;
}

const shownOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
