/** A report whose every figure is the same, and one that says otherwise of what a test is about. */
import { type Figure, figure } from '../../../lab/bench/report/figure.js';
import type { EngineReport } from '../../../lab/bench/report/report.js';
import type { Rival } from '../../../lab/bench/site.js';
import { summarise } from '../../../lab/bench/statistics.js';

const COLUMNS = ['host', 'floor', 'rival', 'tsoverlay', 'accelerated', 'oneCard'] as const;
type Sample = Readonly<Record<(typeof COLUMNS)[number], number>>;

/** Docker's own is 100; what is not named too. */
export const sampled = (what: string, sample: Partial<Sample> = {}): Figure => {
  const even = Object.fromEntries(COLUMNS.map((column) => [column, 100])) as Sample;
  return figure(what, 'ms', COLUMNS, [{ ...even, ...sample }]);
};

const calls = (ms: number): EngineReport['calls']['first'] => ({
  methods: [{ method: 'Join', ...summarise([ms]) }],
  attach: summarise([ms]),
  detach: summarise([ms]),
});

export function engine(rival: Rival, more: { traffic?: object; times?: object; calls?: number } = {}): EngineReport {
  const keyed = <K extends string>(keys: readonly K[]) =>
    Object.fromEntries(keys.map((key) => [key, sampled(key)])) as Record<K, Figure>;
  const attach = calls(more.calls ?? 12);
  return {
    engine: rival === 'native' ? '20.10.5' : '28.5.2',
    rival,
    traffic: {
      ...keyed(['tcp', 'udp', 'near', 'tcpCpu', 'udpCpu', 'one', 'eight', 'flood']),
      ...more.traffic,
    },
    times: { ...keyed(['first', 'beside', 'run', 'remove', 'name', 'creation']), ...more.times },
    nameFloor: { rival: summarise([3]), tsoverlay: summarise([4]) },
    calls: { first: attach, beside: attach, backToBack: attach },
    idle: { seconds: 5, cpuSeconds: 0.1, rssMiB: 90 },
    start: summarise([250]),
  };
}
