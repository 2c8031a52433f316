/** The one registry of status rows: every part says here how the things are that it keeps right, and all who show them read here. */
import { CATALOGUE, type Code, type CodeArgs } from './catalogue.js';
import type { Log } from './events.js';
import type { RowPorts, RowsOf, Said, Snapshot } from './row.js';
import { type Clock, RowList } from './row-list.js';

const CLOCK: Clock = { now: () => performance.now(), date: () => new Date() };

export class Rows implements RowPorts<Code> {
  private readonly lists: { [C in Code]?: RowList<CodeArgs[C]> } = {};
  private readonly listeners = new Set<(snapshot: Snapshot) => void>();
  private seen: Snapshot | undefined;
  private telling: NodeJS.Immediate | undefined;

  constructor(
    private readonly log: Log,
    private readonly clock = CLOCK,
  ) {}

  of<C extends Code>(code: C): RowsOf<CodeArgs[C]> {
    const known: RowList<CodeArgs[C]> | undefined = this.lists[code];
    if (known !== undefined) return known;
    const list = new RowList<CodeArgs[C]>(code, CATALOGUE[code], this.log, this.clock, () => this.changed());
    // What `lists[code] = list` says, in which the compiler does not see one and the same code.
    Object.assign(this.lists, { [code]: list });
    return list;
  }

  /** The same value as long as nothing has changed. */
  get snapshot(): Snapshot {
    this.seen ??= {
      at: this.clock.date().toISOString(),
      rows: Object.values(this.lists).flatMap((list) => list.rows),
    };
    return this.seen;
  }

  get said(): ReadonlyMap<Code, Said> {
    return new Map(Object.values(this.lists).map((list) => [list.code, list.said]));
  }

  /** Told what is there after a change, once for all changes of a turn of the event loop. Returns how to end it. */
  onChange(listener: (snapshot: Snapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  stop(): void {
    clearImmediate(this.telling);
    this.listeners.clear();
    for (const list of Object.values(this.lists)) list.stop();
  }

  private changed(): void {
    this.seen = undefined;
    if (this.listeners.size === 0) return;
    this.telling ??= setImmediate(() => {
      this.telling = undefined;
      for (const listener of this.listeners) listener(this.snapshot);
    }).unref();
  }
}
