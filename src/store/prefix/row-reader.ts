/** Reads entries into rows: each as its record, or, when it is none, as what it was before. */
import type { Entry } from '../../model/ports/ports.js';
import type { Report } from '../records/records.js';
import type { Row } from '../records/row.js';

export interface RowReaderParts<K, V> {
  readonly parse: (entry: Entry, report?: Report) => V | undefined;
  readonly keyOf: (record: V) => K;
  /** Told of entries that are no records. */
  readonly report?: Report;
  /** Told of keys that are gone or whose record can be read; others too. */
  readonly over?: (key: string) => void;
  /** What an earlier process of this host last read of a key. */
  readonly remembered?: (key: string) => Entry | undefined;
  /** Whether a record may have become this one; any may by default. */
  readonly follows?: ((before: V, after: V) => boolean) | undefined;
}

export class RowReader<K, V> {
  constructor(private readonly parts: RowReaderParts<K, V>) {}

  /** `first`: an earlier process may have known more. Later on, a key that was gone begins anew. */
  read(entry: Entry, known: Row<K, V> | undefined, first: boolean): Row<K, V> {
    const { parse, keyOf, report, follows } = this.parts;
    const size = entry.value.length;
    const record = parse(entry, report);
    const before = known === undefined ? this.#fromCopy(entry.key, first) : known.readable;
    if (record !== undefined && (before === undefined || (follows?.(before.record[1], record) ?? true))) {
      if (known !== undefined) this.over(entry.key);
      return { entry, size, readable: { entry, record: [keyOf(record), record] } };
    }
    if (record !== undefined) report?.(entry.key, 'has become another one under the same key', entry.index);
    return { entry: { ...entry, value: '' }, size, readable: before };
  }

  /** A key has gone. */
  over(key: string): void {
    this.parts.over?.(key);
  }

  #fromCopy(key: string, first: boolean): Row<K, V>['readable'] {
    const { parse, keyOf, remembered } = this.parts;
    const entry = first ? remembered?.(key) : undefined;
    const record = entry && parse(entry);
    return entry && record && { entry, record: [keyOf(record), record] };
  }
}
