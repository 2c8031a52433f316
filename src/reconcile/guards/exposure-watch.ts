/** Tells when Consul takes writes from whoever reaches it. */
import { messageOf } from '../../errors.js';
import type { RowPorts } from '../../health/row.js';
import type { Findings } from '../../store/consul/exposure.js';

/** An operator may change Consul's rules at any time. A look is one request to each server. */
const LOOK_MS = 600_000;
/** A Consul that comes and goes is looked at no more often, ms. */
const SPACING_MS = 30_000;

export class ExposureWatch {
  private timer: NodeJS.Timeout | undefined;
  private last = Number.NEGATIVE_INFINITY;
  private stopped = false;

  constructor(
    private readonly find: () => Promise<Findings>,
    private readonly rows: RowPorts<'consul.exposed' | 'consul.exposure'>,
  ) {}

  /** Now, or as soon as the last look is long enough ago; and from then on every ten minutes. */
  look(): void {
    this.schedule(Math.max(0, this.last + SPACING_MS - performance.now()));
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(ms: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), ms).unref();
  }

  private async run(): Promise<void> {
    this.last = performance.now();
    this.schedule(LOOK_MS);
    try {
      this.tell(await this.find());
      this.rows.of('consul.exposure').row().ok();
    } catch (e) {
      this.rows
        .of('consul.exposure')
        .row()
        .failing({ reason: messageOf(e) });
    }
  }

  /** One that did not answer is as it was. */
  private tell(findings: Findings): void {
    for (const [address, exposure] of findings) {
      const row = this.rows.of('consul.exposed').row(address);
      if (exposure === undefined) row.ok();
      else row.degraded({ address, acls: exposure.acls });
    }
  }
}
