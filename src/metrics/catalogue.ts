/** All metrics of tsoverlay's own: what each is, and what its labels may say. Goes into docs/metrics.md. */

export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Label to its values: each is bounded, so that the number of series is. */
  readonly labels: Readonly<Record<string, string>>;
}

const OUTCOME = '`ok`, `failed`';
const CODE = 'a code of docs/messages.md';

export const METRICS = {
  tsoverlay_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what runs',
    labels: { version: "tsoverlay's", records: 'newest version of records that it writes', node: "Node's version" },
  },
  tsoverlay_ready: {
    type: 'gauge',
    help: '1 when calls of the engine are answered from a cluster that is known, as /readyz says',
    labels: {},
  },
  tsoverlay_store_up: {
    type: 'gauge',
    help: '1 when a server of the store answered the last question for news, or the file of the embedded store can be written',
    labels: {},
  },
  tsoverlay_store_request_seconds: {
    type: 'histogram',
    help: 'How long requests to the store took; those that wait for news are none',
    labels: { operation: '`get`, `list`, `keys`, `children`, `commit`, `hold`', outcome: OUTCOME },
  },
  tsoverlay_view_age_seconds: {
    type: 'gauge',
    help: 'Since when the store has not answered a question for news; up to 70 while nothing changes. Absent with the embedded store',
    labels: {},
  },
  tsoverlay_driver_call_seconds: {
    type: 'histogram',
    help: 'How long calls of the engine took; refused is for a reason that the user was told',
    labels: { method: "the driver's methods, 21", outcome: '`ok`, `refused`, `failed`' },
  },
  tsoverlay_passes_total: {
    type: 'counter',
    help: 'How often each kind of thing was found right or made right, or was not',
    labels: { code: CODE, outcome: '`ok`, `failed`, `degraded`' },
  },
  tsoverlay_rows: {
    type: 'gauge',
    help: 'Things that are not as they should be; those that are have no series',
    labels: { code: CODE, state: '`pending`, `failing`, `degraded`', severity: '`high`, `medium`, `low`' },
  },
  tsoverlay_repairs_total: {
    type: 'counter',
    help: 'What somebody had broken on this host and was put right, by the kind of step in the kernel',
    labels: { step: 'a kind of step, some 30' },
  },
  tsoverlay_nodes: {
    type: 'gauge',
    help: 'Hosts of the cluster',
    labels: { state: '`alive`, `away`' },
  },
  tsoverlay_networks: {
    type: 'gauge',
    help: 'Networks of the cluster, and those that this host takes part in',
    labels: { of: '`cluster`, `host`' },
  },
  tsoverlay_endpoints: {
    type: 'gauge',
    help: 'Endpoints of the networks that this host takes part in, on this host and on others',
    labels: { on: '`host`, `others`' },
  },
  tsoverlay_pools: {
    type: 'gauge',
    help: 'Pools of the networks that this host takes part in which are filled so far or more',
    labels: { filled: '`0`, `0.8`, `0.95`' },
  },
  tsoverlay_pool_fill_ratio: {
    type: 'gauge',
    help: 'Part of a pool that containers, gateway and auxiliary addresses have, of the five fullest',
    labels: { pool: 'a subnet, five of them at a time' },
  },
  tsoverlay_dns_queries_total: {
    type: 'counter',
    help: 'Questions of containers of this host: answered here, left to the resolver of the engine, not answered',
    labels: { result: '`answered`, `forwarded`, `dropped`' },
  },
  tsoverlay_dns_pauses_total: {
    type: 'counter',
    help: 'How often a container asked for more than its share and was left to the resolver of the engine for a while',
    labels: {},
  },
  tsoverlay_probe_rtt_seconds: {
    type: 'histogram',
    help: 'How long probes took to another host and back, the median of each; probes are sent by ping, doctor and the page',
    labels: {},
  },
  tsoverlay_probes_lost_total: {
    type: 'counter',
    help: 'Probes of another host of which nothing came back',
    labels: {},
  },
  tsoverlay_guard_drops_total: {
    type: 'counter',
    help: 'VXLAN datagrams of networks of ours that the guard dropped; absent where VXLAN_GUARD is off',
    labels: { chain: '`input`, `prerouting`, `forward`, `output`' },
  },
} as const satisfies Readonly<Record<`tsoverlay_${string}`, MetricEntry>>;

export type MetricName = keyof typeof METRICS;

type NamesOf<T extends MetricEntry['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never;
}[MetricName];

/** Those that are observed as things happen. */
export type HistogramName = NamesOf<'histogram'>;
/** Those that have a value whenever somebody asks. */
export type SampledName = NamesOf<'counter' | 'gauge'>;
