/** Metrics and health of one agent, for its admin socket and METRICS_ADDR. What metrics take is loaded when they are asked for. */
import type { Row } from '../health/row.js';
import type { Exposition } from './exposition.js';
import { type Readiness, readinessOf } from './readiness.js';
import type { MetricsSource } from './source.js';

/** Whoever asks more often gets what the one before got, ms. */
const FRESH_MS = 250;

export interface Page {
  readonly contentType: string;
  readonly text: string;
}

export class Metrics {
  private exposition: Promise<Exposition> | undefined;
  private isClosed = false;
  private last: { readonly page: Promise<Page>; readonly at: number } | undefined;

  constructor(private readonly source: MetricsSource) {}

  get readiness(): Readiness {
    const rows: readonly Row[] = this.source.rows.snapshot.rows;
    return readinessOf(rows, this.source.knowsCluster());
  }

  /** From now on calls, requests and repairs count; before, nobody counts them. */
  async count(): Promise<void> {
    await this.load();
  }

  /** One at a time is made, however many ask. */
  page(): Promise<Page> {
    const now = performance.now();
    if (this.last === undefined || now - this.last.at >= FRESH_MS) this.last = { page: this.make(), at: now };
    return this.last.page;
  }

  close(): void {
    this.isClosed = true;
    void this.exposition?.then((exposition) => exposition.close());
  }

  private async make(): Promise<Page> {
    const exposition = await this.load();
    return { contentType: exposition.contentType, text: await exposition.text() };
  }

  private load(): Promise<Exposition> {
    this.exposition ??= import('./exposition.js').then(({ Exposition }) => {
      const made = new Exposition(this.source);
      if (this.isClosed) made.close();
      return made;
    });
    return this.exposition;
  }
}
