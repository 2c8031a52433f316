/** Keys, values and indexes in memory, with Consul's meaning of every operation; the file store keeps one on disk. */
import type { Commit, Entry, Names, NamesHandlers, Op, Snapshot, WatchHandlers } from '../../model/ports/ports.js';

type Row = Omit<Entry, 'key'>;

interface Watcher {
  readonly prefix: string;
  readonly tell: () => void;
  readonly signal: AbortSignal;
}

const byKey = (a: readonly [string, Row], b: readonly [string, Row]): number => (a[0] < b[0] ? -1 : 1);

/** Changes on top of rows; undefined is a removed key. Each operation sees what those before it did. */
class Draft {
  readonly changes = new Map<string, Row | undefined>();

  constructor(
    private readonly rows: ReadonlyMap<string, Row>,
    private readonly index: number,
  ) {}

  /** False when the operation's condition does not hold. */
  apply(op: Op): boolean {
    if (op.verb === 'deleteTree') {
      for (const key of [...this.rows.keys(), ...this.changes.keys()]) if (key.startsWith(op.prefix)) this.remove(key);
      return true;
    }
    const row = this.read(op.key);
    switch (op.verb) {
      case 'create':
        return row === undefined && this.write(op.key, op.value, row);
      case 'update':
        return row?.index === op.index && this.write(op.key, op.value, row);
      case 'set':
        return this.write(op.key, op.value, row);
      case 'delete':
        if (row !== undefined && op.index !== undefined && op.index !== row.index) return false;
        return this.remove(op.key);
      case 'check':
        return row?.index === op.index;
      case 'checkAbsent':
        return row === undefined;
    }
  }

  private read(key: string): Row | undefined {
    return this.changes.has(key) ? this.changes.get(key) : this.rows.get(key);
  }

  /** The same value leaves the key's index alone. */
  private write(key: string, value: string, row: Row | undefined): true {
    const { index } = this;
    // As in Consul, what is written without a session counts as never held.
    const kept = { born: row?.born ?? index, held: row?.held ?? false, everHeld: false };
    if (row?.value !== value) this.changes.set(key, { value, index, ...kept });
    return true;
  }

  private remove(key: string): true {
    if (this.read(key) !== undefined) this.changes.set(key, undefined);
    return true;
  }
}

export class Table {
  readonly #rows = new Map<string, Row>();
  readonly #watchers = new Set<Watcher>();
  readonly #untold = new Set<Watcher>();
  #onChange: (keys: readonly string[]) => void = () => {};
  #index: number;

  constructor(index = 0, entries: Iterable<Omit<Entry, 'held'>> = []) {
    this.#index = index;
    for (const { key, ...row } of entries) this.#rows.set(key, { ...row, held: false });
  }

  /** Grows by one with every commit that changes something. */
  get index(): number {
    return this.#index;
  }

  get(key: string): Entry | undefined {
    const row = this.#rows.get(key);
    return row && { key, ...row };
  }

  list(prefix: string): Snapshot {
    const rows = [...this.#rows].filter(([key]) => key.startsWith(prefix)).sort(byKey);
    return { entries: rows.map(([key, row]) => ({ key, ...row })), index: this.#index };
  }

  names(prefix: string): Names {
    return { keys: this.list(prefix).entries.map((entry) => entry.key), index: this.#index };
  }

  /** See `children` of the Store; any change may be one below the prefix. */
  children(prefix: string): Names {
    const rests = this.names(prefix).keys.map((key) => key.slice(prefix.length));
    return { keys: [...new Set(rests.map((rest) => rest.replace(/(?<=\/).*$/, '')))], index: this.#index };
  }

  commit(ops: readonly Op[]): Commit {
    const draft = new Draft(this.#rows, this.#index + 1);
    const failed = ops.flatMap((op, position) => (draft.apply(op) ? [] : [position]));
    if (failed.length > 0) return { ok: false, failed };
    this.#adopt(draft.changes);
    return { ok: true, index: this.#index };
  }

  /** Marks the key as held or not, as taking and losing a session's lock does; a missing key stays missing. */
  mark(key: string, held: boolean): void {
    const row = this.#rows.get(key);
    if (!row || (row.held === held && row.everHeld >= held)) return;
    this.#adopt(new Map([[key, { ...row, index: this.#index + 1, held, everHeld: row.everHeld || held }]]));
  }

  /** Calls `listener`, the one there is, with the keys of each change, at once. */
  onChange(listener: (keys: readonly string[]) => void): void {
    this.#onChange = listener;
  }

  /** The first snapshot and all changes are told in a microtask. */
  watch(prefix: string, { onSnapshot }: Pick<WatchHandlers, 'onSnapshot'>, signal: AbortSignal): void {
    this.#follow(prefix, () => onSnapshot(this.list(prefix)), signal);
  }

  watchNames(prefix: string, { onNames }: Pick<NamesHandlers, 'onNames'>, signal: AbortSignal): void {
    this.#follow(prefix, () => onNames(this.names(prefix)), signal);
  }

  #follow(prefix: string, tell: () => void, signal: AbortSignal): void {
    const watcher = { prefix, tell, signal };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
    this.#schedule(watcher);
  }

  #adopt(changes: ReadonlyMap<string, Row | undefined>): void {
    if (changes.size === 0) return;
    this.#index += 1;
    for (const [key, row] of changes) {
      if (row) this.#rows.set(key, row);
      else this.#rows.delete(key);
    }
    const keys = [...changes.keys()];
    this.#onChange(keys);
    for (const watcher of this.#watchers)
      if (keys.some((key) => key.startsWith(watcher.prefix))) this.#schedule(watcher);
  }

  #schedule(watcher: Watcher): void {
    if (this.#untold.size === 0) queueMicrotask(() => this.#tell());
    this.#untold.add(watcher);
  }

  #tell(): void {
    const watchers = [...this.#untold];
    this.#untold.clear();
    for (const { tell, signal } of watchers) if (!signal.aborted) tell();
  }
}
