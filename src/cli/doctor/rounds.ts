/** All other hosts are probed, so many at a time as one question may be about, as long as there is time. */
import { MOST_PEERS } from '../../admin/contract/probe.js';
import type { Examined } from '../../doctor/examination.js';
import { DeadlineError, messageOf } from '../../errors.js';
import type { Probed } from '../../model/probe/passage.js';
import type { NodeAddress } from '../../model/values/types.js';
import { within } from '../frame/deadline.js';

/** Hosts that are well take that long, ms. */
const LEAST_MS = 1_000;
/** Timers of several clocks do not end at the same moment, ms. */
const TICK_MS = 50;

/** The check that looks at what was found. */
const PROBES = 'underlay.probes';

export interface Round<P = NodeAddress> {
  readonly peers: readonly P[];
  /** Never rejects. */
  readonly begun: Promise<void>;
  /** Rejects as the question does, or with a DeadlineError where there was no time for it. */
  readonly found: Promise<readonly Probed[]>;
}

export type Ask = (peers: readonly NodeAddress[], patienceMs: number) => Promise<readonly Probed[]>;

/** One after the other, until a moment of `performance.now`. */
export function probeRounds(peers: readonly NodeAddress[], ask: Ask, until: number): readonly Round[] {
  const rounds: Round[] = [];
  let last: Promise<unknown> = Promise.resolve();
  for (let at = 0; at < peers.length; at += MOST_PEERS) {
    const some = peers.slice(at, at + MOST_PEERS);
    const begun = last.then(
      () => {},
      () => {},
    );
    const found = begun.then(() => inTime(some, ask, until));
    // Whoever wants it is told all the same.
    found.catch(() => {});
    rounds.push({ peers: some, begun, found });
    last = found;
  }
  return rounds;
}

async function inTime(peers: readonly NodeAddress[], ask: Ask, until: number): Promise<readonly Probed[]> {
  const left = Math.floor(until - performance.now());
  const late = () => new DeadlineError('there was no time left to probe it');
  if (left < LEAST_MS) throw late();
  try {
    return await within(left / 1_000, ask(peers, left));
  } catch (e) {
    throw performance.now() < until - TICK_MS ? e : late();
  }
}

/** What became of each. Rejects as the first did where all of them have. */
export async function someOf<T>(all: readonly Promise<T>[]): Promise<readonly PromiseSettledResult<T>[]> {
  const done = await Promise.allSettled(all);
  const [first] = done;
  if (first?.status === 'rejected' && done.every(({ status }) => status === 'rejected')) throw first.reason;
  return done;
}

export interface Probing {
  readonly found: readonly Probed[];
  /** Who could not be probed, and why. */
  readonly unprobed: ReadonlyMap<NodeAddress, string>;
}

/** Rejects as the first round does where none was done. */
export async function probingOf(rounds: readonly Round[]): Promise<Probing> {
  const done = await someOf(rounds.map((round) => round.found));
  return {
    found: done.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])),
    unprobed: new Map(
      done.flatMap((one, n) => {
        if (one.status === 'fulfilled') return [];
        return (rounds[n]?.peers ?? []).map((peer) => [peer, messageOf(one.reason)] as const);
      }),
    ),
  };
}

/** Who was not probed is not found to be well. `who` is not asked where the probes are unknown as a whole. */
export async function withUnprobed(examined: Examined, who: () => Promise<Probing['unprobed']>): Promise<Examined> {
  const { findings, fine, unknown } = examined;
  const unprobed = unknown.has(PROBES) ? new Map<NodeAddress, string>() : await who();
  if (unprobed.size === 0) return examined;
  const words = [...new Set(unprobed.values())].map((why) => {
    const hosts = [...unprobed].filter(([, reason]) => reason === why).map(([peer]) => peer);
    return `of ${hosts.join(', ')}: ${why}`;
  });
  return {
    findings,
    fine: fine.filter((code) => code !== PROBES),
    unknown: new Map([...unknown, [PROBES, words.join('; ')]]),
  };
}
