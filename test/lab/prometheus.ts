/** Prometheus on a host of the lab: a real one, which scrapes as an operator's would. */
import { writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { fillPrometheus, prometheusBinary } from './cache.js';
import type { Host } from './host.js';
import { ROOT } from './paths.js';
import { tail, until } from './process.js';

const PORT = 9090;
const series = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});
const rules = z.object({
  data: z.object({
    groups: z.array(
      z.object({ rules: z.array(z.object({ name: z.string(), state: z.string(), health: z.string() })) }),
    ),
  }),
});

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Prometheus {
  private constructor(private readonly host: Host) {}

  /** Scrapes these `address:port` each second as job tsoverlay, with the alert rules of `packaging`. */
  static async start(host: Host, targets: readonly string[]): Promise<Prometheus> {
    await fillPrometheus(() => {});
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [`${ROOT}/packaging/prometheus/alerts.yml`],
      scrape_configs: [{ job_name: 'tsoverlay', static_configs: [{ targets }] }],
    };
    // JSON is YAML.
    await writeFile(host.path('/run/prometheus.yml'), JSON.stringify(config));
    await host.service('prometheus', [
      prometheusBinary('prometheus'),
      ...[
        '--config.file=/run/prometheus.yml',
        '--storage.tsdb.path=/run/prometheus',
        `--web.listen-address=127.0.0.1:${PORT}`,
      ],
    ]);
    const made = new Prometheus(host);
    await until('Prometheus to serve', 20, async () => {
      if (!host.process('prometheus')) throw new Error(`Prometheus ended:\n${tail(host.log('prometheus'))}`);
      return (await host.attempt('busybox', 'wget', '-qO-', `http://127.0.0.1:${PORT}/-/ready`)).ok;
    });
    return made;
  }

  /** What an expression gives at this moment. */
  async query(expression: string): Promise<readonly Series[]> {
    const { data } = series.parse(JSON.parse(await this.get(`/api/v1/query?query=${encodeURIComponent(expression)}`)));
    return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
  }

  /** Alert to its state: inactive, pending, firing. Throws when one cannot be evaluated. */
  async alerts(): Promise<ReadonlyMap<string, string>> {
    const all = rules.parse(JSON.parse(await this.get('/api/v1/rules?type=alert'))).data.groups.flatMap((g) => g.rules);
    for (const { name, health } of all) if (health === 'err') throw new Error(`alert ${name} cannot be evaluated`);
    return new Map(all.map(({ name, state }) => [name, state]));
  }

  private get(path: string): Promise<string> {
    return this.host.run('busybox', 'wget', '-qO-', `http://127.0.0.1:${PORT}${path}`);
  }
}
