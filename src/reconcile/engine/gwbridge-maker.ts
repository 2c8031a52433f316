/** Has the engine make docker_gwbridge on a host that has none, when its own choice of a subnet would not do. */
import { messageOf } from '../../errors.js';
import type { Reason } from '../../health/entry.js';
import type { Log } from '../../health/events.js';
import type { RowsOf } from '../../health/row.js';
import type { GwbridgeWish } from '../../model/values/settings.js';
import type { Cidr } from '../../model/values/types.js';

export interface GwbridgeMakerParts {
  readonly engine: { ensureGwbridge(wish: GwbridgeWish): Promise<boolean> };
  readonly wish: GwbridgeWish;
  readonly log: Pick<Log, 'info'>;
  readonly rows: RowsOf<Reason>;
}

export class GwbridgeMaker {
  private making = false;

  constructor(private readonly parts: GwbridgeMakerParts) {}

  /** One request at a time. Never rejects: what it cannot make is left to the engine. */
  async make(subnet: Cidr | undefined): Promise<void> {
    if (this.making) return;
    this.making = true;
    try {
      if (await this.parts.engine.ensureGwbridge({ ...this.parts.wish, ...(subnet && { subnet }) }))
        this.parts.log.info({ event: 'gwbridge-made', subnet }, 'docker_gwbridge made before the engine does');
      this.parts.rows.row().ok();
    } catch (e) {
      this.parts.rows.row().failing({ reason: messageOf(e) });
    } finally {
      this.making = false;
    }
  }
}
