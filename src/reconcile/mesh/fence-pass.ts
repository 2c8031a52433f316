/** Keeps the fence around encrypted networks in step with the cluster, on hosts that cannot encrypt as well. */
import type { Logger } from 'pino';
import { messageOf } from '../../errors.js';
import { isEncrypted } from '../../model/plan/encryption.js';
import type { Fence } from '../../model/ports/crypt-port.js';
import type { Cidr, Cluster } from '../../model/values/types.js';
import { Loop } from '../loop/loop.js';

/** Somebody may flush the ruleset; looking costs two questions to the kernel. */
const LOOK_MS = 2_000;

export interface FencePassParts {
  readonly fence: Fence;
  readonly view: { readonly current: Pick<Cluster, 'complete' | 'networks'> };
  readonly log: Pick<Logger, 'warn'>;
}

export class FencePass {
  private readonly loop: Loop<'fence'>;
  /** What the fence was last told. */
  private told = '';

  constructor(private readonly parts: FencePassParts) {
    this.loop = new Loop(() => this.pass(), {
      resyncMs: LOOK_MS,
      onError: (_, e) =>
        parts.log.warn({ err: messageOf(e) }, 'what is meant for encrypted networks is not kept from leaving in clear'),
      describe: () => 'the fence around encrypted networks',
    });
  }

  kick(): void {
    this.loop.kick('fence');
  }

  stop(): void {
    this.loop.stop();
    this.parts.fence.close();
  }

  private async pass(): Promise<boolean> {
    const { fence, view, log } = this.parts;
    const { networks, complete } = view.current;
    const subnets = [...networks.values()].filter((n) => isEncrypted(n.options)).flatMap((n) => n.subnets);
    const wish = subnets.map((s): Cidr => s.pool).sort();
    const text = wish.join(' ');
    if (wish.length === 0) {
      // Of half a cluster nothing is believed to be gone.
      if (complete) fence.remove();
      this.told = '';
      return false;
    }
    const stands = fence.stands();
    if (stands && text === this.told) return true;
    fence.ensure(wish);
    if (!stands && this.told !== '')
      log.warn('repaired the fence around encrypted networks, which somebody had removed');
    this.told = text;
    return true;
  }
}
