/** The rows of one code, by their subjects. */
import { clipped } from '../model/values/printable.js';
import type { Code } from './catalogue.js';
import type { Args, CatalogueEntry } from './entry.js';
import type { Log } from './events.js';
import type { Row, RowPort, RowsOf, Said, State } from './row.js';
import { RowLog } from './row-log.js';

/** Reasons quote what others wrote. */
const LONGEST = 2_000;

interface Held<A> {
  readonly state: State;
  readonly since: string;
  attempts: number;
  /** Of the last trouble; undefined before there was one. */
  args: A | undefined;
}

export interface Clock {
  /** Ms, by a clock that nobody sets. */
  now(): number;
  /** For people. */
  date(): Date;
}

export class RowList<A extends Args> implements RowsOf<A> {
  private readonly held = new Map<string, Held<A>>();
  private readonly lines: RowLog;
  private readonly times = { ok: 0, failing: 0, degraded: 0 };
  private okAt: number | undefined;

  constructor(
    readonly code: Code,
    private readonly entry: CatalogueEntry<A>,
    log: Log,
    private readonly clock: Clock,
    /** Told when a row is another one. */
    private readonly changed: () => void,
  ) {
    this.lines = new RowLog(code, entry, log, () => clock.now());
  }

  row(subject = ''): RowPort<A> {
    return {
      pending: () => this.pending(subject),
      failing: (args) => this.trouble(subject, 'failing', args),
      degraded: (args) => this.trouble(subject, 'degraded', args),
      ok: () => this.ok(subject),
      gone: () => this.gone(subject),
    };
  }

  keepOnly(subjects: { has(subject: string): boolean }): void {
    for (const subject of [...this.held.keys()]) if (!subjects.has(subject)) this.gone(subject);
  }

  get rows(): readonly Row[] {
    return [...this.held].map(([subject, held]) => this.shown(subject, held));
  }

  get said(): Said {
    return { ...this.times, sinceOk: this.okAt === undefined ? undefined : this.clock.now() - this.okAt };
  }

  stop(): void {
    this.lines.stop();
  }

  private pending(subject: string): void {
    const known = this.held.get(subject);
    if (known !== undefined && known.state !== 'ok') return;
    this.enter(subject, 'pending', undefined, 0);
    this.lines.say(subject, { state: 'pending', words: `${this.entry.what} is not ready yet`, args: undefined });
  }

  private trouble(subject: string, state: 'failing' | 'degraded', args: A): void {
    this.times[state]++;
    const known = this.held.get(subject);
    if (known?.state === state) {
      known.attempts++;
      known.args = args;
      this.lines.repeat(subject, state, () => this.words(args), args);
      this.changed();
      return;
    }
    this.enter(subject, state, args, 1);
    this.lines.say(subject, { state, words: this.words(args), args });
  }

  private ok(subject: string): void {
    this.times.ok++;
    this.okAt = this.clock.now();
    const known = this.held.get(subject);
    if (known?.state === 'ok') return;
    this.enter(subject, 'ok', known?.args, 0);
    this.lines.say(subject, { state: 'ok', words: this.overWords(known?.args, 'as it should be'), args: undefined });
  }

  private gone(subject: string): void {
    const known = this.held.get(subject);
    if (known === undefined) return;
    this.held.delete(subject);
    this.lines.say(subject, { state: 'gone', words: this.overWords(known.args, 'no more'), args: undefined });
    this.changed();
  }

  private enter(subject: string, state: State, args: A | undefined, attempts: number): void {
    this.held.set(subject, { state, since: this.clock.date().toISOString(), attempts, args });
    this.changed();
  }

  private words(args: A): string {
    return clipped(this.entry.text(args), LONGEST);
  }

  private overWords(args: A | undefined, how: string): string {
    return args !== undefined && this.entry.over ? this.entry.over(args) : `${this.entry.what} is ${how}`;
  }

  private shown(subject: string, { state, since, attempts, args }: Held<A>): Row {
    const { severity, what } = this.entry;
    const common = { code: this.code, subject, state, severity, since, attempts };
    if (args !== undefined && (state === 'failing' || state === 'degraded'))
      return { ...common, args, text: this.words(args) };
    return { ...common, args: {}, text: `${what} is ${state === 'ok' ? 'as it should be' : 'not ready yet'}` };
  }
}
