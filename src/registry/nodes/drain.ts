/** A host that is to be taken down: what runs on it runs on, and nothing new comes. Kept over restarts and boots. */
import { UserError } from '../../errors.js';
import type { CodeArgs } from '../../health/catalogue.js';
import type { RowPort } from '../../health/row.js';

/** Where it is kept. */
export interface DrainMemory {
  /** Since when, ISO 8601; undefined while the host takes containers. */
  readonly drained: string | undefined;
  rememberDrain(since: string | undefined): void;
}

export class Drain {
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly memory: DrainMemory,
    private readonly row: RowPort<CodeArgs['node.drained']>,
  ) {
    this.say();
  }

  get since(): string | undefined {
    return this.memory.drained;
  }

  /** Told when the host takes containers again. */
  onEnd(listener: () => void): void {
    this.listeners.push(listener);
  }

  begin(): void {
    if (this.since === undefined) this.memory.rememberDrain(new Date().toISOString());
    this.say();
  }

  end(): void {
    if (this.since === undefined) return;
    this.memory.rememberDrain(undefined);
    this.say();
    for (const tell of this.listeners) tell();
  }

  /** Throws a UserError while nothing new is to come. */
  assert(): void {
    if (this.since !== undefined)
      throw new UserError(
        `this host takes no more containers since ${this.since}, when somebody typed tsoverlay node drain; start it on another host, or end that with tsoverlay node drain --off`,
      );
  }

  private say(): void {
    if (this.since === undefined) this.row.gone();
    else this.row.degraded({ since: this.since });
  }
}
