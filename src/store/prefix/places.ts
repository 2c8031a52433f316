/** Which row's record is shown of each id: rows may have one of the same id, but all except the oldest are a forger's. */
import { Edition } from '../../model/values/edition.js';
import type { Row } from '../records/row.js';

/** Takes what is to be shown of an id now. */
type Shown<K, V> = Pick<Map<K, V | undefined>, 'set'>;

export class Places<K, V> {
  /** The key of the row that is shown. */
  readonly #shown = new Map<K, string>();
  /** Those of the others. */
  readonly #behind = new Map<K, Set<string>>();

  constructor(private readonly rows: ReadonlyMap<string, Row<K, V>>) {}

  /** Puts the row's record into these, unless an older row's has the same id. True when it did. */
  show(key: string, records: Shown<K, V>): boolean {
    const readable = this.rows.get(key)?.readable;
    if (readable === undefined) return false;
    const [id, record] = readable.record;
    const place = this.#shown.get(id) ?? key;
    const other = place === key ? undefined : this.rows.get(place)?.readable;
    const isOlder = other !== undefined && other.entry.born <= readable.entry.born;
    if (other !== undefined) this.#shade(id, isOlder ? key : place);
    if (isOlder) return false;
    this.#light(id, key);
    this.#shown.set(id, key);
    records.set(id, record);
    return true;
  }

  /** A row that had a record of this id is gone. True when it was shown; see {@link lose}. */
  remove(id: K, key: string): boolean {
    this.#light(id, key);
    return this.#shown.get(id) === key;
  }

  /** The rows that were shown of these ids are gone: the oldest of the others is shown now, if there is one. */
  lose(ids: ReadonlySet<K>, records: Shown<K, V>): void {
    for (const id of ids) {
      this.#shown.delete(id);
      records.set(id, undefined);
      for (const other of [...(this.#behind.get(id) ?? [])]) this.show(other, records);
    }
  }

  /** All that is shown, in the order of the keys. */
  inOrder(): ReadonlyMap<K, V> {
    const shown = [...this.#shown].sort(([, a], [, b]) => (a < b ? -1 : 1));
    return Edition.of(
      new Map(
        shown.flatMap(([, key]) => {
          const readable = this.rows.get(key)?.readable;
          return readable === undefined ? [] : [readable.record];
        }),
      ),
    );
  }

  #shade(id: K, key: string): void {
    this.#behind.set(id, (this.#behind.get(id) ?? new Set()).add(key));
  }

  #light(id: K, key: string): void {
    const others = this.#behind.get(id);
    others?.delete(key);
    if (others?.size === 0) this.#behind.delete(id);
  }
}
