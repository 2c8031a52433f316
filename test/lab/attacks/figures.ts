/** What one host saw while it was watched, and whether it is what is promised. Pure. */
import { median } from '../bench/statistics.js';

/** Answers of the resolver; microseconds. */
export interface Names {
  readonly asked: number;
  readonly right: number;
  readonly p50: number;
  readonly p99: number;
}

/** Echo requests to the other host's container. */
export interface Pings {
  readonly sent: number;
  readonly lost: number;
}

export interface Figures {
  /** How the plugin's process ended, or was replaced; undefined when it lived through all of it. */
  readonly death?: string;
  /** Resident memory, MiB: before, and each second. */
  readonly rssBefore: number;
  readonly rss: readonly number[];
  readonly names: Names;
  readonly pings: Pings;
  /** Milliseconds of each `docker run --rm … true`. */
  readonly runs: readonly number[];
  /** What docker said of those that failed. */
  readonly refusals: readonly string[];
  /** Lines of the plugin's log of level warn and above. */
  readonly complaints: number;
  /** Datagrams that came into the other network. */
  readonly injected: number;
}

const RSS_MIB = 20;
export const P99_US = 20_000;
/** Times what it is without an attack: where other work keeps the machine busy, that alone may be more. */
const NOISE = 2;
const RATIO = 2;
/** Of those sent, and a few where they are few. */
const [LOST, LOST_ANYHOW] = [1 / 100, 3];
/** Lines: some for each minute that the attack lasts. */
const COMPLAINTS = 20;

/** By how much memory went away from what it was, with its sign, MiB: up where it ever was above. */
export function drift({ rssBefore, rss }: Figures): number {
  const most = Math.max(...rss) - rssBefore;
  return most > 0 ? most : Math.min(...rss) - rssBefore;
}

const inMs = (us: number): string => `${(us / 1000).toFixed(1)} ms`;

export const ratio = (during: Figures, quiet: Figures): number => median(during.runs) / median(quiet.runs);

/** What to hold a flood's figures against. */
export interface Measure {
  readonly quiet: Figures;
  /** The p99 of names without an attack, microseconds. */
  readonly noise: number;
  /** How long the flood lasted. */
  readonly seconds: number;
  /** Times what is promised of time is granted: a few seconds of a busy machine tell what is stuck, not how slow it is. */
  readonly slack: number;
}

/** What was promised and not seen; empty when all was. */
export function failings(during: Figures, { quiet, noise, seconds, slack }: Measure): readonly string[] {
  const { death, names, pings, refusals, complaints, injected } = during;
  const found: (string | false)[] = [
    death !== undefined && death,
    // Less than before is garbage that was collected.
    drift(during) > RSS_MIB && `memory went from ${during.rssBefore.toFixed(0)} by ${drift(during).toFixed(0)} MiB`,
    names.asked - names.right > names.asked / 200 &&
      `${names.asked - names.right} of ${names.asked} names not answered`,
    names.p99 >= slack * Math.max(P99_US, NOISE * noise) &&
      `names: p99 ${inMs(names.p99)}, ${inMs(noise)} without the attack`,
    (pings.sent === 0 || pings.lost > Math.max(LOST_ANYHOW, LOST * pings.sent)) &&
      `${pings.lost} of ${pings.sent} packets to the other host lost`,
    refusals.length > 0 && `docker run failed: ${refusals[0]}`,
    during.runs.length === 0 || quiet.runs.length === 0
      ? `${during.runs.length} docker run ended, and ${quiet.runs.length} before`
      : ratio(during, quiet) >= slack * RATIO &&
        `docker run took ${ratio(during, quiet).toFixed(2)} times as long as before`,
    complaints > COMPLAINTS * Math.max(1, seconds / 60) && `${complaints} lines of warnings and errors`,
    injected > 0 && `${injected} datagrams came into the other network`,
  ];
  return found.filter((text) => text !== false);
}
