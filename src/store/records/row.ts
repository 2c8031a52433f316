/** What a view keeps of one key. */
import type { Entry } from '../../model/ports/ports.js';

export interface Row<K, V> {
  /** As the store has it; without its value where that is no record, for it may be anything and of any size. */
  readonly entry: Entry;
  /** Length of the value. */
  readonly size: number;
  /** The last entry of the key that could be read, and its record; undefined when there never was one. */
  readonly readable: { readonly entry: Entry; readonly record: readonly [K, V] } | undefined;
}

/** Whether the entry is the one that the row was made of. */
export const isStill = <K, V>(row: Row<K, V>, entry: Entry): boolean => {
  const { index, held, everHeld, value } = row.entry;
  const same = index === entry.index && held === entry.held && everHeld === entry.everHeld;
  return same && row.size === entry.value.length && (value === entry.value || row.readable?.entry !== row.entry);
};
