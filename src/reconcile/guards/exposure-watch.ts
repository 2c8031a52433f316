/** Tells when Consul takes writes from whoever reaches it. */
import type { Logger } from 'pino';
import { messageOf } from '../../errors.js';
import { exposureWords, type Findings } from '../../store/consul/exposure.js';

/** An operator may change Consul's rules at any time. A look is one request to each server. */
const LOOK_MS = 600_000;
/** A Consul that comes and goes is looked at no more often, ms. */
const SPACING_MS = 30_000;

export class ExposureWatch {
  private readonly told = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private last = Number.NEGATIVE_INFINITY;
  private stopped = false;

  constructor(
    private readonly find: () => Promise<Findings>,
    private readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>,
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
    } catch (e) {
      this.log.debug({ err: messageOf(e) }, 'whether Consul takes writes from anybody is not known');
    }
  }

  /** Each server once, and again when it was put right meanwhile; one that did not answer is as it was. */
  private tell(findings: Findings): void {
    for (const [address, exposure] of findings) {
      if (exposure === undefined) {
        if (this.told.delete(address)) this.log.info(`Consul at ${address} takes writes with a token only now`);
      } else if (!this.told.has(address)) {
        this.told.add(address);
        this.log.warn(exposureWords(exposure));
      }
    }
  }
}
