/**
 * The renewals of one container's redirect. One that comes late is done all the same, and the redirect lives from then on: so
 * nothing is given up for it, and our sockets stay. Until then it may run out, and the engine's resolver answers.
 */
import { LIVE_MS } from '../../kernel/rules/dns-rules.js';

/** A resolver's redirect. */
export interface Renewable {
  /** Rejects with a KernelError. */
  renew(): Promise<void>;
  /** The longest that others than this process have kept it waiting since this was asked last, milliseconds. */
  takeWaited(): number;
}

export class Renewal {
  private isUnderWay = false;
  private restsUntil = 0;
  /** When the last one had got through. */
  private through: number;

  /** From the moment that the redirect stands. `restAfter`: of {@link Delays}, for this one. */
  constructor(
    private readonly resolver: Renewable,
    private readonly restAfter: (waited: number) => number,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.through = clock();
    // What its making took has been waited for.
    resolver.takeWaited();
  }

  /** Whether the redirect has run out, for renewals do not get through in time. */
  get hasRunOut(): boolean {
    return this.clock() - this.through > LIVE_MS;
  }

  /** Does nothing while it is at it, or rests. Rejects with a KernelError. */
  async beat(): Promise<void> {
    if (this.isUnderWay || this.clock() < this.restsUntil) return;
    this.isUnderWay = true;
    try {
      await this.resolver.renew();
      this.through = this.clock();
      this.restsUntil = this.through + this.restAfter(this.resolver.takeWaited());
    } finally {
      this.isUnderWay = false;
    }
  }
}
