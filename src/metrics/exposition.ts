/** The metrics of one agent in the text that Prometheus reads. Loaded when somebody asks, for it takes memory. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type HistogramName, METRICS, type MetricName, type SampledName } from './catalogue.js';
import { type Sample, samplesOf } from './samples.js';
import type { MetricsSource } from './source.js';

/** Seconds: from what a lookup takes to what no call exceeds. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
/** Of the library's own: as many lines as all others together, for who works on Node itself. */
const LEFT_OUT = /^nodejs_(active|heap_space|gc|version)/;
/** Ms between two looks at the event loop: each is a wake-up, and with 10 they cost more than all else here. */
const PRECISION_MS = 50;

/** Of the process, however many agents it has one after the other. */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (ofProcess !== undefined) return ofProcess;
  ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: PRECISION_MS });
  for (const { name } of ofProcess.getMetricsAsArray()) if (LEFT_OUT.test(name)) ofProcess.removeSingleMetric(name);
  return ofProcess;
}

export class Exposition {
  /** Of what is counted and timed as it happens, from the making of this on. */
  private readonly told = new Registry();
  private readonly end: () => void;

  constructor(private readonly source: MetricsSource) {
    const calls = this.histogram('tsoverlay_driver_call_seconds');
    const requests = this.histogram('tsoverlay_store_request_seconds');
    const repairs = new Counter(described('tsoverlay_repairs_total', this.told));
    const probes = this.histogram('tsoverlay_probe_rtt_seconds');
    const lost = new Counter(described('tsoverlay_probes_lost_total', this.told));
    this.end = source.measures.listen({
      call: ({ seconds, ...labels }) => calls.observe(labels, seconds),
      request: ({ seconds, ...labels }) => requests.observe(labels, seconds),
      repair: (labels) => repairs.inc({ ...labels }),
      probe: ({ seconds }) => (seconds === undefined ? lost.inc() : probes.observe(seconds)),
    });
    processMetrics();
  }

  get contentType(): string {
    return this.told.contentType;
  }

  text(): Promise<string> {
    return Registry.merge([this.told, registered(samplesOf(this.source)), processMetrics()]).metrics();
  }

  close(): void {
    this.end();
  }

  private histogram(name: HistogramName): Histogram {
    return new Histogram({ ...described(name, this.told), buckets: BUCKETS });
  }
}

/** Made anew each time: what has no value any more has no series. */
function registered(samples: readonly Sample[]): Registry {
  const registry = new Registry();
  const metrics = new Map<SampledName, Counter | Gauge>();
  for (const { name, labels, value } of samples) {
    const known = metrics.get(name);
    const metric = known ?? new (METRICS[name].type === 'counter' ? Counter : Gauge)(described(name, registry));
    metrics.set(name, metric);
    metric.inc({ ...labels }, value);
  }
  return registry;
}

const described = (name: MetricName, registry: Registry) => ({
  ...{ name, help: METRICS[name].help, labelNames: Object.keys(METRICS[name].labels) },
  registers: [registry],
});
