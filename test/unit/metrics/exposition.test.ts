import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { METRICS_PATH, metrics } from '../../../scripts/metrics.js';
import { METRICS } from '../../../src/metrics/catalogue.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { RELEASE } from '../../../src/model/cluster/release.js';
import { RECORD_VERSION } from '../../../src/store/records/record-version.js';
import { cluster, endpoint, HOST1, network } from '../model/fixtures.js';
import { madeUpAgent } from './agent.js';

it('docs/metrics.md is what the code says; if not: npm run docs:metrics', () => {
  expect(readFileSync(METRICS_PATH, 'utf8')).toBe(metrics());
});

it('the release is that of package.json', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8'))).toMatchObject({ version: RELEASE });
});

it('the text counts from the first question on, forgets what is no more, and is made once for all who ask at once', async () => {
  const { source, measures, rows } = madeUpAgent(cluster([network()], [endpoint(1, HOST1)]));
  const made = new Metrics(source);
  const call = { method: 'NetworkDriver.Join', outcome: 'ok', seconds: 0.02 } as const;
  measures.tell('call', call);
  await made.count();
  measures.tell('call', call);
  measures.tell('repair', { step: 'replaceVxlanGuard' });
  measures.tell('request', { operation: 'get', outcome: 'failed', seconds: 5 });
  measures.tell('probe', { seconds: 0.0003 });
  measures.tell('probe', { seconds: undefined });
  rows.of('host.network').row('1-abc').failing({ reason: 'EBUSY' });
  const [first, second] = await Promise.all([made.page(), made.page()]);
  expect(first).toBe(second);
  expect(first.contentType).toContain('text/plain; version=0.0.4');
  for (const line of [
    `tsoverlay_build_info{version="${RELEASE}",records="${RECORD_VERSION}",node="${process.version}"} 1`,
    'tsoverlay_driver_call_seconds_bucket{le="0.025",method="NetworkDriver.Join",outcome="ok"} 1',
    'tsoverlay_driver_call_seconds_count{method="NetworkDriver.Join",outcome="ok"} 1',
    'tsoverlay_store_request_seconds_count{operation="get",outcome="failed"} 1',
    'tsoverlay_repairs_total{step="replaceVxlanGuard"} 1',
    'tsoverlay_rows{code="host.network",state="failing",severity="high"} 1',
    'tsoverlay_endpoints{on="host"} 1',
    'tsoverlay_probe_rtt_seconds_bucket{le="0.001"} 1',
    'tsoverlay_probes_lost_total 1',
  ])
    expect(first.text.split('\n')).toContain(line);
  expect(first.text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  expect(first.text).not.toContain('overlay1');
  rows.of('host.network').row('1-abc').ok();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const later = (await made.page()).text;
  expect(later).not.toContain('tsoverlay_rows{');
  expect(later).toContain('tsoverlay_repairs_total{step="replaceVxlanGuard"} 1');
  made.close();
});

it('every label of the catalogue is bounded by what its description says', () => {
  for (const [name, { labels, help }] of Object.entries(METRICS)) {
    expect(help, name).toMatch(/^[A-Z0-9].{5,}[^.]$/);
    for (const values of Object.values(labels)) expect(values, name).toMatch(/.{3,}/);
  }
});
