/** The values that metrics have at this moment, from what the agent knows anyway. Nothing is asked but the kernel. */
import { isKernelError } from '../errors.js';
import type { Row, Said } from '../health/row.js';
import { type PoolFill, poolFills } from '../model/cluster/pool-fill.js';
import { RELEASE } from '../model/cluster/release.js';
import type { Cluster, NodeId } from '../model/values/types.js';
import { BUILD } from '../store/records/record-version.js';
import type { SampledName } from './catalogue.js';
import { isReady, readinessOf } from './readiness.js';
import type { MetricsSource } from './source.js';

export interface Sample {
  readonly name: SampledName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** As many pools have a series of their own. */
const MOST_POOLS = 5;
const FILLED = [0, 0.8, 0.95];

const sample = (name: SampledName, value: number, labels: Sample['labels'] = {}): Sample => ({ name, labels, value });

export function samplesOf(source: MetricsSource): readonly Sample[] {
  const { rows, view, dns, self, knowsCluster } = source;
  const current = rows.snapshot.rows;
  const { answered, forwarded, dropped, pauses } = dns.counts;
  const build = { version: RELEASE, records: String(BUILD.newest), node: process.version };
  return [
    sample('tsoverlay_build_info', 1, build),
    sample('tsoverlay_ready', isReady(readinessOf(current, knowsCluster())) ? 1 : 0),
    ...storeSamples(current, rows.said.get('store.news')),
    ...[...rows.said].flatMap(([code, said]) => [
      sample('tsoverlay_passes_total', said.ok, { code, outcome: 'ok' }),
      sample('tsoverlay_passes_total', said.failing, { code, outcome: 'failed' }),
      sample('tsoverlay_passes_total', said.degraded, { code, outcome: 'degraded' }),
    ]),
    ...rowSamples(current),
    ...clusterSamples(view.current, self),
    ...poolSamples(poolFills(view.current)),
    sample('tsoverlay_dns_queries_total', answered, { result: 'answered' }),
    sample('tsoverlay_dns_queries_total', forwarded, { result: 'forwarded' }),
    sample('tsoverlay_dns_queries_total', dropped, { result: 'dropped' }),
    sample('tsoverlay_dns_pauses_total', pauses),
    ...guardSamples(source.guard),
  ];
}

function storeSamples(rows: readonly Row[], news: Said | undefined): readonly Sample[] {
  const servers = rows.filter(({ code }) => code === 'store.news');
  const isFileBroken = rows.some(({ code, state }) => code === 'store.file' && state === 'failing');
  const isUp = !isFileBroken && (servers.length === 0 || servers.some(({ state }) => state === 'ok'));
  const age = news?.sinceOk;
  return [
    sample('tsoverlay_store_up', isUp ? 1 : 0),
    ...(age === undefined ? [] : [sample('tsoverlay_view_age_seconds', age / 1_000)]),
  ];
}

function rowSamples(rows: readonly Row[]): readonly Sample[] {
  const counts = new Map<string, Sample>();
  for (const { code, state, severity } of rows) {
    if (state === 'ok') continue;
    const key = `${code} ${state}`;
    const value = (counts.get(key)?.value ?? 0) + 1;
    counts.set(key, sample('tsoverlay_rows', value, { code, state, severity }));
  }
  return [...counts.values()];
}

function clusterSamples({ nodes, networks, endpoints }: Cluster, self: NodeId): readonly Sample[] {
  const alive = [...nodes.values()].filter((node) => node.alive).length;
  let here = 0;
  let all = 0;
  for (const members of endpoints.values()) {
    all += members.size;
    for (const { node } of members.values()) if (node === self) here++;
  }
  return [
    sample('tsoverlay_nodes', alive, { state: 'alive' }),
    sample('tsoverlay_nodes', nodes.size - alive, { state: 'away' }),
    sample('tsoverlay_networks', networks.size, { of: 'cluster' }),
    sample('tsoverlay_networks', endpoints.size, { of: 'host' }),
    sample('tsoverlay_endpoints', here, { on: 'host' }),
    sample('tsoverlay_endpoints', all - here, { on: 'others' }),
  ];
}

function poolSamples(fills: readonly PoolFill[]): readonly Sample[] {
  const ratios = fills.map(({ pool, used, size }) => ({ pool, ratio: used / size }));
  const fullest = [...ratios].sort((a, b) => b.ratio - a.ratio).slice(0, MOST_POOLS);
  return [
    ...FILLED.map((filled) =>
      sample('tsoverlay_pools', ratios.filter(({ ratio }) => ratio >= filled).length, { filled: String(filled) }),
    ),
    ...fullest.map(({ pool, ratio }) => sample('tsoverlay_pool_fill_ratio', ratio, { pool })),
  ];
}

/** A kernel that does not answer just now takes nothing from the other metrics. */
function guardSamples(guard: MetricsSource['guard']): readonly Sample[] {
  try {
    return [...(guard.drops() ?? [])].map(([chain, drops]) => sample('tsoverlay_guard_drops_total', drops, { chain }));
  } catch (e) {
    if (isKernelError(e)) return [];
    throw e;
  }
}
