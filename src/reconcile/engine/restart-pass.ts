/** Starts what the engine could not start while the store or we were away, as its restart policy promises. */
import { messageOf } from '../../errors.js';
import type { Reason } from '../../health/entry.js';
import type { Log } from '../../health/events.js';
import type { RowsOf } from '../../health/row.js';
import type { Engine } from '../../model/ports/engine-port.js';
import type { Drain } from '../../registry/nodes/drain.js';
import type { Identity } from '../../registry/nodes/identity.js';
import { Loop } from '../loop/loop.js';

/** The engine writes down why a container did not start a moment after our call has failed, ms. */
const SETTLE_MS = 3_000;

export interface RestartPassParts {
  readonly engine: Pick<Engine, 'start' | 'stranded'>;
  readonly identity: Pick<Identity, 'confirm'>;
  /** Told of a host that takes no containers, which would refuse them once more. */
  readonly drain: Pick<Drain, 'onEnd' | 'since'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly rows: RowsOf<Reason>;
}

export class RestartPass {
  private readonly loop: Loop<'restart'>;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: RestartPassParts) {
    this.loop = new Loop(() => this.pass(), {
      resyncMs: () => 0,
      row: () => parts.rows.row(),
      describe: () => 'the start of containers that could not start before',
    });
    parts.drain.onEnd(() => this.look());
  }

  /** This host has just started, or its engine: what that could not do it has written down by now, or does in a moment. */
  look(): void {
    this.loop.kick('restart');
    this.kick();
  }

  /** A call has failed that would go through later. */
  kick(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.loop.kick('restart');
    }, SETTLE_MS).unref();
  }

  /** See {@link Loop.stop}. */
  stop(): Promise<void> {
    clearTimeout(this.timer);
    return this.loop.stop();
  }

  /** A start that fails again for lack of the store kicks again; one that fails otherwise is left to people. */
  private async pass(): Promise<boolean> {
    if (this.parts.drain.since !== undefined) return false;
    // While the store is away each try would cost the engine seconds.
    await this.parts.identity.confirm();
    const stranded = await this.parts.engine.stranded();
    await Promise.all(
      stranded.map(async (container) => {
        try {
          const how = await this.parts.engine.start(container);
          this.parts.log.info(
            { event: 'container-started', container },
            'started a container that could not start while the store or tsoverlay was away',
          );
          if (how === 'reconnected')
            this.parts.log.warn(
              { event: 'container-reconnected', container },
              'the engine had forgotten the networks of this container; it is on the one it was made with again, without --ip, aliases and further networks',
            );
        } catch (e) {
          this.parts.log.warn(
            { event: 'container-not-started', container, err: messageOf(e) },
            'a container could not be started again',
          );
        }
      }),
    );
    return false;
  }
}
