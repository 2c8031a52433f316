/** From samples to figures and verdicts. Pure. */
import type { AttachRound } from './attach.js';
import type { CallTable } from './calls.js';
import type { Newest } from './newest.js';
import type { Driver } from './site.js';
import { type Estimate, type Pair, ratioOfMedians, type Summary, summarise } from './statistics.js';
import type { Stay, Stays } from './stay.js';
import type { TrafficRound } from './traffic.js';
import { type TrafficRow, trafficRows } from './traffic-report.js';

/** `level`: short of it, but no further than the interval of the measurement reaches. */
export type Verdict = 'met' | 'level' | 'not met';

export interface Goal {
  readonly goal: string;
  readonly verdict: Verdict;
}

/** One thing measured on both drivers in the same rounds. */
export interface Comparison {
  readonly what: string;
  /** `share`: of what the hosts themselves get through. */
  readonly unit: 'ms' | 'share';
  readonly native: Summary;
  readonly tsoverlay: Summary;
  /** tsoverlay ÷ native. */
  readonly ratio: Estimate;
  readonly goal?: Goal;
}

/** Calls of one engine in one situation. */
export interface CallReport extends CallTable {
  readonly where: string;
  /** Of the attach's sum. */
  readonly goal: Goal;
}

export interface Measurements {
  /** First container of the network on its host. */
  readonly first: { readonly attach: readonly AttachRound[]; readonly calls: CallTable };
  /** Beside another one. */
  readonly next: { readonly attach: readonly AttachRound[]; readonly calls: CallTable };
  readonly stays: Stays;
  readonly traffic: readonly TrafficRound[];
  readonly newest: Newest;
  /** Samples that failed and were taken again, by contender. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface Report {
  readonly comparisons: readonly Comparison[];
  readonly calls: readonly CallReport[];
  /** `docker run --rm` on Docker's own bridge, minus none, ms. */
  readonly bridge: Summary;
  readonly traffic: readonly TrafficRow[];
  /** What a name that stands already takes to answer, ms. */
  readonly nameFloor: Readonly<Record<Driver, Summary>>;
  readonly newest: Omit<Newest, 'calls'>;
  readonly failures: Measurements['failures'];
}

/** tsoverlay's sample first. */
type Pairs = readonly Pair[];
type Judge = (ratio: Estimate, tsoverlay: Summary) => Goal;

const ATTACH_RATIO = 0.5;
const CALLS_MS = 20;

const halfOfNative: Judge = ({ value }) => ({
  goal: 'at most half of native',
  verdict: value <= ATTACH_RATIO ? 'met' : 'not met',
});

// Two drivers that put the same devices together are equal: half of all runs would find either one ahead.
const notBelowNative: Judge = ({ value, high }) => ({
  goal: 'not below native',
  verdict: value >= 1 ? 'met' : high >= 1 ? 'level' : 'not met',
});

export function report(m: Measurements): Report {
  const stays = (of: (stay: Stay) => number, minus: (stay: Stay) => number): Pairs =>
    m.stays.rounds.map(({ none, native, tsoverlay }) => [of(tsoverlay) - minus(none), of(native) - minus(none)]);
  const zero = () => 0;
  return {
    comparisons: [
      compare(
        'attach and detach, first container of the network on its host',
        'ms',
        extra(m.first.attach),
        halfOfNative,
      ),
      compare('attach and detach, beside another container', 'ms', extra(m.next.attach), halfOfNative),
      compare(
        'attach alone: `docker run -d`',
        'ms',
        stays(
          (s) => s.run,
          (s) => s.run,
        ),
      ),
      compare(
        'detach alone: `docker rm -f`',
        'ms',
        stays(
          (s) => s.remove,
          (s) => s.remove,
        ),
      ),
      compare(
        '`docker run -d` returned → its name answers on the other host',
        'ms',
        stays((s) => s.name, zero),
      ),
      compare('TCP, container to container ÷ host to host', 'share', shares(m.traffic, 'tcp'), notBelowNative),
      compare('UDP, container to container ÷ host to host', 'share', shares(m.traffic, 'udp'), notBelowNative),
    ],
    calls: [
      callReport('20.10.5, first container of the network on its host', m.first.calls),
      callReport('20.10.5, beside another container', m.next.calls),
      callReport(`${m.newest.engine}, first container of the network on its host`, m.newest.calls),
    ],
    bridge: summarise(m.first.attach.map(({ none, bridge }) => bridge - none)),
    traffic: trafficRows(m.traffic),
    nameFloor: { native: summarise(m.stays.floor.native), tsoverlay: summarise(m.stays.floor.tsoverlay) },
    newest: { engine: m.newest.engine, idle: m.newest.idle, start: m.newest.start },
    failures: m.failures,
  };
}

function compare(what: string, unit: Comparison['unit'], pairs: Pairs, judge?: Judge): Comparison {
  const tsoverlay = summarise(pairs.map(([ours]) => ours));
  const native = summarise(pairs.map(([, theirs]) => theirs));
  const ratio = ratioOfMedians(pairs);
  return { what, unit, native, tsoverlay, ratio, ...(judge && { goal: judge(ratio, tsoverlay) }) };
}

const extra = (rounds: readonly AttachRound[]): Pairs =>
  rounds.map(({ none, native, tsoverlay }) => [tsoverlay - none, native - none]);

const shares = (rounds: readonly TrafficRound[], of: 'tcp' | 'udp'): Pairs =>
  rounds.map(({ host, native, tsoverlay }) => {
    const whole = host.streams[of];
    return [tsoverlay.streams[of] / whole, native.streams[of] / whole];
  });

const callReport = (where: string, calls: CallTable): CallReport => ({
  where,
  ...calls,
  goal: { goal: `under ${CALLS_MS} ms`, verdict: calls.attach.median < CALLS_MS ? 'met' : 'not met' },
});
