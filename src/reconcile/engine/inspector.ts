/**
 * Inspects of containers, several at once and each for a limited time: the engine keeps one waiting for as long as its
 * container is locked, and one that hangs is to hold up no other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DeadlineError, messageOf } from '../../errors.js';
import type { Engine, EngineContainer } from '../../model/ports/engine-port.js';

/** Inspects at once, and how long each may take, ms. */
const INSPECTS = 8;
const INSPECT_MS = 5_000;
const SILENT = Symbol();

export class Inspector {
  /** Containers of which the engine did not tell the last time. */
  private readonly silent = new Set<string>();

  constructor(
    private readonly engine: Pick<Engine, 'container'>,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** Those that run and of which the engine tells in time. */
  async inspect(ids: readonly string[]): Promise<readonly EngineContainer[]> {
    const found: EngineContainer[] = [];
    for (let i = 0; i < ids.length; i += INSPECTS)
      await Promise.all(ids.slice(i, i + INSPECTS).map(async (id) => found.push(...(await this.one(id)))));
    return found;
  }

  private async one(id: string): Promise<readonly EngineContainer[]> {
    try {
      const answer = this.engine.container(id);
      const container = await Promise.race([answer, sleep(INSPECT_MS, SILENT, { ref: false })]);
      if (container === SILENT) throw new DeadlineError(`no answer within ${INSPECT_MS / 1000} s`);
      this.silent.delete(id);
      return container === undefined ? [] : [container];
    } catch (e) {
      if (!this.silent.has(id))
        this.log.warn({ container: id, err: messageOf(e) }, 'the engine says nothing of a container; all else goes on');
      this.silent.add(id);
      return [];
    }
  }
}
