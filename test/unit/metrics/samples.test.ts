import { describe, expect, it } from 'vitest';
import { KernelError } from '../../../src/errors.js';
import { METRICS } from '../../../src/metrics/catalogue.js';
import { samplesOf } from '../../../src/metrics/samples.js';
import type { Cidr, Cluster, Ip } from '../../../src/model/values/types.js';
import { cluster, endpoint, HOST1, HOST2, network, networkId } from '../model/fixtures.js';
import { livingNode } from '../nodes.js';
import { madeUpAgent } from './agent.js';

/** `name{label="value"}` to value. */
function shown(source: Parameters<typeof samplesOf>[0], name: string): Readonly<Record<string, number>> {
  const entries = samplesOf(source).flatMap((s) =>
    s.name === `tsoverlay_${name}` ? [[Object.values(s.labels).join(' '), s.value] as const] : [],
  );
  return Object.fromEntries(entries);
}

describe('the samples', () => {
  it('have the names and labels of the catalogue, and no other', () => {
    const { source, rows, agent } = madeUpAgent(cluster([network()], [endpoint(1, HOST1)]));
    rows.of('store.news').row('10.0.0.60:8500').ok();
    rows.of('host.network').row('1-abc').failing({ reason: 'EBUSY' });
    agent.drops = new Map([['input', 3]]);
    const names = new Set(samplesOf(source).map(({ name }) => name));
    for (const { name, labels } of samplesOf(source))
      expect(Object.keys(labels)).toEqual(Object.keys(METRICS[name].labels));
    const told = [
      'tsoverlay_driver_call_seconds',
      'tsoverlay_store_request_seconds',
      'tsoverlay_repairs_total',
      'tsoverlay_probe_rtt_seconds',
      'tsoverlay_probes_lost_total',
    ];
    expect([...names, ...told].sort()).toEqual(Object.keys(METRICS).sort());
  });

  it('count hosts, networks and endpoints', () => {
    const nodes = [livingNode(HOST1), livingNode(HOST2, { alive: false })];
    const known: Cluster = {
      ...cluster(
        [network(), network({ id: networkId(2) })],
        [endpoint(1, HOST1), endpoint(2, HOST2), endpoint(3, HOST2)],
      ),
      nodes: new Map(nodes.map((n) => [n.id, n])),
    };
    const of = known.endpoints.get(networkId(1));
    const { source, agent } = madeUpAgent(known);
    agent.cluster = { ...known, endpoints: new Map(of ? [[networkId(1), of]] : []) };
    expect(shown(source, 'nodes')).toEqual({ alive: 1, away: 1 });
    expect(shown(source, 'networks')).toEqual({ cluster: 2, host: 1 });
    expect(shown(source, 'endpoints')).toEqual({ host: 1, others: 2 });
  });

  it('count what is not as it should be by code and state, never by subject', () => {
    const { source, rows } = madeUpAgent(cluster([], []));
    for (const name of ['1-a', '1-b']) rows.of('host.network').row(name).failing({ reason: name });
    rows.of('guard.vxlan').row().pending();
    rows.of('node.record').row().ok();
    expect(shown(source, 'rows')).toEqual({ 'host.network failing high': 2, 'guard.vxlan pending high': 1 });
    rows.of('host.network').row('1-a').ok();
    rows.of('host.network').row('1-a').ok();
    expect(shown(source, 'passes_total')).toMatchObject({ 'host.network ok': 2, 'host.network failed': 2 });
  });
});

describe('the store', () => {
  it('is up while one server answers, and its age is that of the last answer', () => {
    const { source, rows, later } = madeUpAgent(cluster([], []));
    expect([shown(source, 'store_up'), shown(source, 'view_age_seconds')]).toEqual([{ '': 1 }, {}]);
    const news = (server: string) => rows.of('store.news').row(server);
    news('a').failing({ reason: 'down', refused: false });
    expect(shown(source, 'store_up')).toEqual({ '': 0 });
    news('b').ok();
    later(5_000);
    expect([shown(source, 'store_up'), shown(source, 'view_age_seconds')]).toEqual([{ '': 1 }, { '': 5 }]);
    news('b').failing({ reason: 'down', refused: false });
    expect(shown(source, 'store_up')).toEqual({ '': 0 });
  });

  it('in a file is up while that can be written', () => {
    const { source, rows } = madeUpAgent(cluster([], []));
    rows.of('store.file').row().failing({ path: '/x', reason: 'ENOSPC' });
    expect(shown(source, 'store_up')).toEqual({ '': 0 });
    rows.of('store.file').row().ok();
    expect(shown(source, 'store_up')).toEqual({ '': 1 });
  });
});

describe('pools', () => {
  const filled = (subnet: Cidr, n: number, members: number) => {
    const id = networkId(n);
    const made = network({
      id,
      subnets: [{ pool: subnet, aux: { printer: subnet.replace('0/', '2/').split('/')[0] as Ip }, vni: n }],
    });
    const [base] = subnet.split('0/');
    const endpoints = Array.from({ length: members }, (_, i) =>
      endpoint(10 * n + i, HOST1, { network: id, addresses: [`${base}${i + 3}/29` as Cidr] }),
    );
    return { made, endpoints };
  };

  it('are the five fullest, and how many are filled how far', () => {
    const all = [0, 1, 2, 3, 4, 4].map((members, i) => filled(`10.0.${i}.0/29` as Cidr, i + 1, members));
    const { source } = madeUpAgent(
      cluster(
        all.map((a) => a.made),
        all.flatMap((a) => a.endpoints),
      ),
    );
    expect(shown(source, 'pools')).toEqual({ '0': 6, '0.8': 2, '0.95': 0 });
    const ratios = shown(source, 'pool_fill_ratio');
    expect(Object.keys(ratios)).toHaveLength(5);
    expect(ratios['10.0.5.0/29']).toBeCloseTo(5 / 6);
    expect(ratios['10.0.0.0/29']).toBeUndefined();
  });
});

describe('the guard', () => {
  it('tells of its chains; one that cannot be looked at takes nothing from the rest', () => {
    const { source, agent } = madeUpAgent(cluster([], []));
    agent.drops = new Map([['input', 3]]);
    expect(shown(source, 'guard_drops_total')).toEqual({ input: 3 });
    agent.drops = undefined;
    expect(shown(source, 'guard_drops_total')).toEqual({});
    agent.drops = new KernelError('nft list table', 12, 'ENOMEM');
    expect(shown(source, 'guard_drops_total')).toEqual({});
    expect(shown(source, 'ready')).toEqual({ '': 1 });
  });
});
