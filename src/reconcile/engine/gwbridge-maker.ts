/** Makes docker_gwbridge on a host that has none, when the engine's own choice of a subnet would not do. */
import type { Logger } from 'pino';
import { messageOf } from '../../errors.js';
import type { HostFacts } from '../../model/ports/ports.js';
import { gwbridgeSubnet } from '../../model/values/gwbridge-subnet.js';
import type { GwbridgeWish } from '../../model/values/types.js';
import type { ClusterView } from '../../store/view/cluster-view.js';

export interface GwbridgeMakerParts {
  readonly engine: { ensureGwbridge(wish: GwbridgeWish): Promise<boolean> };
  readonly view: Pick<ClusterView, 'current'>;
  readonly wish: GwbridgeWish;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export class GwbridgeMaker {
  private making = false;

  constructor(private readonly parts: GwbridgeMakerParts) {}

  /** Never rejects: what it cannot make is left to the engine. */
  async make({ routes }: Pick<HostFacts, 'routes'>): Promise<void> {
    const subnet = this.parts.wish.subnet ?? gwbridgeSubnet(this.parts.view.current.networks.values(), routes);
    if (subnet === undefined || this.making) return;
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
