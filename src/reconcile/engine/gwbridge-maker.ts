/** Has the engine make docker_gwbridge on a host that has none, when its own choice of a subnet would not do. */
import type { Logger } from 'pino';
import { messageOf } from '../../errors.js';
import type { Cidr, GwbridgeWish } from '../../model/values/types.js';

export interface GwbridgeMakerParts {
  readonly engine: { ensureGwbridge(wish: GwbridgeWish): Promise<boolean> };
  readonly wish: GwbridgeWish;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export class GwbridgeMaker {
  private making = false;

  constructor(private readonly parts: GwbridgeMakerParts) {}

  /** One request at a time. Never rejects: what it cannot make is left to the engine. */
  async make(subnet: Cidr): Promise<void> {
    if (this.making) return;
    this.making = true;
    try {
      if (await this.parts.engine.ensureGwbridge({ ...this.parts.wish, subnet }))
        this.parts.log.info({ subnet }, 'docker_gwbridge made before the engine does');
    } catch (e) {
      this.parts.log.warn({ err: messageOf(e) }, 'docker_gwbridge is left to the engine');
    } finally {
      this.making = false;
    }
  }
}
