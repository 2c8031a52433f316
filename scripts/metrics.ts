/** Writes docs/metrics.md: every metric of tsoverlay's own, from the code. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { METRICS, type MetricEntry } from '../src/metrics/catalogue.js';

export const METRICS_PATH = new URL('../docs/metrics.md', import.meta.url);

const HEAD = `# Metrics

Made by \`npm run docs:metrics\` from \`src/metrics\`; do not edit.

\`METRICS_ADDR\` says where a host serves them: a port (of loopback: \`9464\`), or an address and a port (\`10.0.0.60:9464\`,
\`[fd00::1]:9464\`, \`0.0.0.0:9464\`); empty, as it is at first, nowhere. The admin socket has the same on every host:
\`curl --unix-socket /run/docker/tsoverlay/admin.sock http://localhost/metrics\`. There calls, requests and repairs count
from the first question on, with METRICS_ADDR from the start.

| path | answers |
|---|---|
| \`/metrics\` | what Prometheus reads |
| \`/livez\` | 200 as long as the process does anything at all |
| \`/readyz\` | 200 with \`{"status":"ready"}\`, or \`degraded\`: containers have their networks and calls are answered, but something is wrong, a store that is away for instance; \`codes\` are those of [messages.md](messages.md). 503 with \`starting\`: the cluster is not known yet; or \`refused\`: this host may change nothing, see \`node.key\` |

Whoever reaches METRICS_ADDR may ask: nothing there names a container, a network or another host, but the subnets of the five
fullest pools stand there. On a loopback address only those are answered who ask by it (\`localhost\`, \`127.0.0.1\`, \`[::1]\`),
so that no page of the web reads along. 32 connections and 20 answers a second are all there are for everybody together.

\`packaging/prometheus/alerts.yml\` has rules for alerts, \`packaging/grafana/tsoverlay.json\` a dashboard. For Prometheus:

\`\`\`yaml
scrape_configs:
  - job_name: tsoverlay
    static_configs:
      - targets: ['10.0.0.60:9464', '10.0.0.61:9464']
rule_files: [alerts.yml]
\`\`\`

Beside these there are those of the process and of Node that the library prom-client has by itself, among them
\`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`, \`process_open_fds\` and the delay of the event loop,
\`nodejs_eventloop_lag_p99_seconds\` (it is looked at every 50 ms, and that is in it).

| metric | type | what | labels |
|---|---|---|---|
`;

const labelsOf = ({ labels }: MetricEntry): string =>
  Object.entries(labels)
    .map(([label, values]) => `\`${label}\`: ${values}`)
    .join('; ');

export const metrics = (): string =>
  [
    HEAD,
    ...Object.entries(METRICS).map(
      ([name, entry]) => `| \`${name}\` | ${entry.type} | ${entry.help} | ${labelsOf(entry)} |\n`,
    ),
  ].join('');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(METRICS_PATH, metrics());
