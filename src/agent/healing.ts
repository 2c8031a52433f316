/** A store that was wiped or replaced gets what this host holds: one healing at a time, tried until it is done. */
import type { Reason } from '../health/entry.js';
import type { Log } from '../health/events.js';
import type { RowsOf } from '../health/row.js';
import { insist } from '../insist.js';
import type { Cluster } from '../model/values/types.js';
import type { Healer } from '../registry/healing/healer.js';

export interface HealingParts {
  readonly healer: Pick<Healer, 'heal'>;
  readonly view: { readonly current: Cluster };
  /** Told after each that the store knows us again. */
  readonly onHealed: () => void;
  readonly ending: AbortSignal;
  readonly log: Pick<Log, 'warn'>;
  readonly rows: RowsOf<Reason>;
}

export class Healing {
  private isWanted = false;
  private running: Promise<void> | undefined;

  constructor(private readonly parts: HealingParts) {}

  /** The store was found to be another one: whatever is doubted during a healing makes exactly one more. */
  want(): void {
    this.isWanted = true;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  /** Once, now. Rejects with a StoreError. */
  async heal(): Promise<void> {
    const { healer, view, onHealed, log } = this.parts;
    const healing = await healer.heal(view.current);
    onHealed();
    log.warn({ event: 'healed', ...healing }, 'the store was wiped or replaced; published what this host holds');
  }

  private async run(): Promise<void> {
    const { rows, ending } = this.parts;
    while (this.isWanted && !ending.aborted) {
      this.isWanted = false;
      await insist(rows.row(), ending, () => this.heal());
    }
  }
}
