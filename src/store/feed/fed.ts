/** A feed's status row follows what it brings. */
import type { Reason } from '../../health/entry.js';
import type { RowPort } from '../../health/row.js';
import type { Part } from '../prefix/prefix-view.js';

export interface FeedEnds {
  readonly accept: (part: Part) => void;
  /** Told of a StoreError; it is tried again. */
  readonly onTrouble: (error: Error) => void;
}

/** The same ends; `row` is pending until something was accepted. */
export function withRow(row: Omit<RowPort<Reason>, 'degraded'>, { accept, onTrouble }: FeedEnds): FeedEnds {
  row.pending();
  return {
    accept: (part) => {
      row.ok();
      accept(part);
    },
    onTrouble: (error) => {
      row.failing({ reason: error.message });
      onTrouble(error);
    },
  };
}
