/** Keeps the log's lines of the last hours, without those of single calls, where commands find them. */
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { messageOf } from '../../errors.js';
import type { Fields, Log } from '../../health/events.js';
import { clipped } from '../../model/values/printable.js';
import { eventFiles, type Happening } from '../contract/events.js';

/** Of each of the two files, bytes. */
const LARGEST = 256 * 1024;
/** Of one line, characters: reasons quote what others wrote. */
const LONGEST = 2_000;
/** Lines are written together: how long the first one waits, ms, and how many wait at most. */
const SETTLE_MS = 200;
const MOST = 500;

export class EventFile {
  private waiting: string[] = [];
  private unkept = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly older: string;
  private readonly path: string;

  constructor(adminSocket: string) {
    [this.older, this.path] = eventFiles(adminSocket);
  }

  /** The same log, whose lines are kept as well. */
  heard(log: Log): Log {
    const kept = (level: Happening['level']) => (fields: Fields, text: string) => {
      log[level](fields, text);
      if (fields.event !== 'call') this.keep(level, fields, text);
    };
    return {
      debug: (fields, text) => log.debug(fields, text),
      info: kept('info'),
      warn: kept('warn'),
      error: kept('error'),
    };
  }

  /** Writes what waits. Never throws: nobody hangs on it. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { waiting, unkept } = this;
    this.waiting = [];
    this.unkept = 0;
    if (unkept > 0) waiting.push(lineOf('warn', { event: 'row' }, `${unkept} more lines are in the log alone`));
    try {
      const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > LARGEST) renameSync(this.path, this.older);
      appendFileSync(this.path, waiting.join(''), { mode: 0o600 });
    } catch {
      // A folder that is gone or full: the log has it all.
    }
  }

  private keep(level: Happening['level'], fields: Fields, text: string): void {
    if (this.waiting.length >= MOST) this.unkept++;
    else this.waiting.push(lineOf(level, fields, text));
    this.timer ??= setTimeout(() => this.flush(), SETTLE_MS).unref();
  }
}

function lineOf(level: Happening['level'], { err, ...fields }: Fields, text: string): string {
  const whole = { at: new Date().toISOString(), level, ...fields, text: clipped(text, LONGEST) };
  const reason = err === undefined ? {} : { err: clipped(messageOf(err), LONGEST) };
  const line = JSON.stringify({ ...whole, ...reason });
  return `${line.length <= 2 * LONGEST ? line : JSON.stringify({ at: whole.at, level, event: fields.event, text: whole.text })}\n`;
}
