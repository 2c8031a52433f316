/** Keeps containers from asking for neighbours again and again, see {@link NetworksKernel.calm}. */
import { messageOf } from '../../errors.js';
import type { Log } from '../../health/events.js';
import type { NetworksKernel } from '../../model/ports/kernel-port.js';

export class Calmer {
  constructor(
    private readonly kernel: Pick<NetworksKernel, 'calm'>,
    private readonly log: Log,
  ) {}

  /** It has its cards. One that is just going need not be calm. */
  calm(sandbox: string): void {
    try {
      this.kernel.calm(sandbox);
    } catch (e) {
      this.log.debug({ event: 'calm', sandbox, err: messageOf(e) }, 'a container was not kept from asking');
    }
  }
}
