/** Records that are left out: a row for each of the first, the others counted, whatever somebody pours into the store. */
import type { RowPorts } from '../../health/row.js';
import { clipped } from '../../model/values/printable.js';
import type { Report } from './records.js';

const MOST_NAMED = 100;
/** They come by the thousand, ms. */
const COUNT_MS = 1_000;
const LONGEST_KEY = 200;

export interface LeftOutPort {
  readonly report: Report;
  /** The key is gone, or what it holds can be read. */
  readonly over: (key: string) => void;
}

export class LeftOut implements LeftOutPort {
  private readonly named = new Set<string>();
  private readonly others = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly rows: RowPorts<'store.record' | 'store.records'>) {}

  readonly report: Report = (key, reason) => {
    if (this.named.has(key) || this.named.size < MOST_NAMED) {
      this.named.add(key);
      this.others.delete(key);
      this.row(key).degraded({ key: clipped(key, LONGEST_KEY), reason });
    } else if (!this.others.has(key)) {
      this.others.add(key);
      this.countSoon();
    }
  };

  readonly over = (key: string): void => {
    if (this.named.delete(key)) this.row(key).gone();
    else if (this.others.delete(key)) this.countSoon();
  };

  private row(key: string) {
    return this.rows.of('store.record').row(clipped(key, LONGEST_KEY));
  }

  private countSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const row = this.rows.of('store.records').row();
      if (this.others.size === 0) row.gone();
      else row.degraded({ count: this.others.size });
    }, COUNT_MS).unref();
  }
}

/** For who has nobody to tell. */
export const UNREAD: LeftOutPort = { report: () => {}, over: () => {} };

/** A key among the heads that is none, as so many `more` are; fewer than none: it is no more. */
export function leaveOutHead({ report, over }: LeftOutPort, key: string, more: number): void {
  if (more < 0) over(key);
  else report(key, `is no head of a node's endpoints${more > 0 ? `, as ${more} more are none` : ''}`, 0);
}
