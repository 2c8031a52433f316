/** Metrics and health of one agent: made of its parts, and served where METRICS_ADDR says. */
import type { Listen } from '../config/listen.js';
import type { Rows } from '../health/rows.js';
import { Metrics } from '../metrics/metrics.js';
import type { MetricsServer } from '../metrics/server.js';
import type { Parts } from '../wiring/assemble.js';

export class Measuring {
  readonly metrics: Metrics;
  private server: MetricsServer | undefined;

  constructor(
    { ground, cluster, names, passes }: Parts,
    private readonly rows: Rows,
    knowsCluster: () => boolean,
  ) {
    const { self, measures } = ground;
    const { view } = cluster;
    this.metrics = new Metrics({ rows, view, self, measures, dns: names.dns, guard: passes.hostParts, knowsCluster });
  }

  /** Whoever has no METRICS_ADDR does not load what serves it. */
  async serve(listen: Listen | undefined): Promise<void> {
    if (listen === undefined) return;
    const { MetricsServer } = await import('../metrics/server.js');
    this.server = new MetricsServer(this.metrics, listen, this.rows.of('agent.metrics').row());
    this.server.start();
  }

  stop(): void {
    this.server?.stop();
    this.metrics.close();
  }
}
