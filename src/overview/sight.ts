/** Looks at the whole cluster while somebody does, and a little longer: who reloads the page does not begin anew. */
import type { Watching } from './watching.js';

/** Ms. */
const LINGER_MS = 20_000;
/** As many look at once; each has all of it sent. */
const MOST = 8;

export class Sight {
  private watching: Watching | undefined;
  private lookers = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly begin: () => Watching,
    private readonly ending: AbortSignal,
  ) {
    ending.addEventListener('abort', () => this.stop(), { once: true });
  }

  /** Undefined, and nothing done, when too many look already or the end has come. */
  async during<T>(look: (watching: Watching) => Promise<T>): Promise<T | undefined> {
    if (this.lookers >= MOST || this.ending.aborted) return undefined;
    this.lookers++;
    clearTimeout(this.timer);
    this.watching ??= this.begin();
    try {
      return await look(this.watching);
    } finally {
      this.lookers--;
      if (this.lookers === 0) this.timer = setTimeout(() => this.stop(), LINGER_MS).unref();
    }
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.watching?.stop();
    this.watching = undefined;
  }
}
