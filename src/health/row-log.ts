/**
 * One line of the log for each transition of a row of one code. What a container or a writer of the store brings about
 * thousands of times is bounded: then the last state of each row is told later.
 */
import type { Code } from './catalogue.js';
import type { CatalogueEntry } from './entry.js';
import type { Log } from './events.js';
import { Pace } from './pace.js';
import type { State } from './row.js';

/** Lines of one row at once (of one that containers bring about, one), and after that one in so long, ms. */
const BURST = 5;
const QUIET_MS = 60_000;
/** Lines of all rows of one code at once; after that one in so long, ms. */
const LINES = 100;
/** As many rows wait for their line. */
const MOST_LATE = 1_000;

const LEVEL = { high: 'error', medium: 'warn', low: 'debug' } as const;

export interface Saying {
  readonly state: State | 'gone';
  readonly words: string;
  readonly args: object | undefined;
}

interface Told {
  /** What the log says of the row, where that is a trouble. */
  words: string | undefined;
  at: number;
  readonly pace: Pace;
}

export class RowLog {
  private readonly told = new Map<string, Told>();
  private readonly late = new Map<string, Saying>();
  private readonly pace: Pace;
  private timer: NodeJS.Timeout | undefined;
  private unlogged = 0;

  constructor(
    private readonly code: Code,
    private readonly entry: Pick<CatalogueEntry<never>, 'severity' | 'byContainers'>,
    private readonly log: Log,
    private readonly now: () => number,
  ) {
    this.pace = new Pace(LINES, QUIET_MS, now);
  }

  /** The row has come into this state. */
  say(subject: string, saying: Saying): void {
    this.late.delete(subject);
    const isNews = isTrouble(saying.state) || this.told.get(subject)?.words !== undefined;
    if (this.entry.severity === 'low' || !isNews) this.log.debug(this.fields(subject, saying), saying.words);
    else if (!this.tell(subject, saying)) this.tellLater(subject, saying);
    // Who comes and goes by the thousand is not remembered.
    if (saying.state === 'gone') this.told.delete(subject);
  }

  /** The row is in the state that it was in; that it says something else is told at most once a minute. */
  repeat(subject: string, state: State, words: () => string, args: object): void {
    const told = this.told.get(subject);
    if (told === undefined || this.now() - told.at < QUIET_MS) return;
    const text = words();
    if (text !== told.words) this.say(subject, { state, words: text, args });
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** False when there have been too many lines. */
  private tell(subject: string, saying: Saying): boolean {
    const told = this.told.get(subject) ?? this.untold();
    this.told.set(subject, told);
    if (told.pace.take() > 0 || this.pace.take() > 0) {
      this.unlogged++;
      return false;
    }
    const level = isTrouble(saying.state) ? LEVEL[this.entry.severity] : 'info';
    const unlogged = this.unlogged === 0 ? {} : { unlogged: this.unlogged };
    this.log[level]({ ...this.fields(subject, saying), ...unlogged }, saying.words);
    this.unlogged = 0;
    told.at = this.now();
    told.words = isTrouble(saying.state) ? saying.words : undefined;
    return true;
  }

  private untold(): Told {
    return { words: undefined, at: 0, pace: new Pace(this.entry.byContainers ? 1 : BURST, QUIET_MS, this.now) };
  }

  private tellLater(subject: string, saying: Saying): void {
    if (saying.state === 'gone' || this.late.size >= MOST_LATE) return;
    this.late.set(subject, saying);
    this.timer ??= setTimeout(() => this.catchUp(), QUIET_MS).unref();
  }

  private catchUp(): void {
    this.timer = undefined;
    for (const [subject, saying] of [...this.late]) this.say(subject, saying);
  }

  private fields(subject: string, { state, args }: Saying) {
    const which = subject === '' ? {} : { subject };
    return { event: 'row', code: this.code, ...which, state, ...args } as const;
  }
}

const isTrouble = (state: Saying['state']): boolean => state === 'failing' || state === 'degraded';
