/**
 * Finds out how this host reaches another one through VXLAN, and how that one reaches it. Less than a second, some four
 * seconds where packets are lost or nobody answers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Semaphore } from 'async-mutex';
import type { Passage, Probed } from '../model/probe/passage.js';
import { familyOf } from '../model/values/address.js';
import type { NodeAddress } from '../model/values/types.js';
import { type Answered, Exchange, PLAIN, type Trial } from './exchange.js';
import { largest } from './largest.js';

/** Where probes go out. */
export interface ProbeSite {
  /** Path of the probe network's namespace. */
  readonly namespace: string;
  readonly self: NodeAddress;
  /** Bytes of an IP packet that the overlay is to carry. */
  readonly mtu: number;
}

/** Until somebody who is there has answered for the first time: he makes a way back first. */
const [HELLO_TRIES, HELLO_MS, LATEST_MS] = [6, 250, 2_200];
const [ROUND, GAP_MS] = [20, 10];
/** Of a round: what comes this late has come all the same, ms. */
const LATE_MS = 2_500;
/** A lost datagram may be chance; three of the same kind are none. */
const TRIES = 3;
/** Beyond twice what most answers take, ms. */
const PATIENCE_MS = 250;
/** A host that is busy is no host that loses: before something counts as lost it has so many times that. */
const SURE = 4;
/** Packets that are handed over as one. */
const SEGMENTS = 6;
/** What any path carries (RFC 791; RFC 8200), less than that nobody looks for. */
const LEAST = { 4: 296, 6: 1280 } as const;
/** IP and UDP. */
const HEADERS = { 4: 28, 6: 48 } as const;

/** Hosts that are surveyed at once: each has some dozens of packets under way. */
const AT_ONCE = 16;

/** What was found out about each, in their order. There has to be a way to each. Rejects with a KernelError. */
export async function probeAll(site: ProbeSite, peers: readonly NodeAddress[]): Promise<readonly Probed[]> {
  const surveys = new Semaphore(AT_ONCE);
  return Promise.all(peers.map((peer) => probe(site, peer, surveys)));
}

/** Rejects with a KernelError when this host itself cannot send. */
export async function probe(site: ProbeSite, peer: NodeAddress, surveys = new Semaphore(AT_ONCE)): Promise<Probed> {
  // Who is very busy may not get to it for some seconds.
  const isThere = (await within(site, peer, greet)) || (await within(site, peer, greet));
  if (!isThere) return { answered: false, peer };
  // Of the greeting an answer may come late, so the survey counts by itself.
  const passage = await surveys.runExclusive(() => within(site, peer, (exchange) => survey(exchange, peer, site.mtu)));
  return { answered: true, ...passage };
}

async function within<T>(site: ProbeSite, peer: NodeAddress, work: (exchange: Exchange) => Promise<T>): Promise<T> {
  const exchange = new Exchange(site.namespace, site.self, peer);
  try {
    return await work(exchange);
  } finally {
    exchange.close();
  }
}

/** Says so at the first answer, whichever ask it is to. */
async function greet(exchange: Exchange): Promise<boolean> {
  let isThere = false;
  const asks: Promise<void>[] = [];
  for (let n = 0; n < HELLO_TRIES && !isThere; n++) {
    const answer = exchange.ask(PLAIN, LATEST_MS - n * HELLO_MS);
    asks.push(
      answer.then((found) => {
        isThere ||= found !== undefined;
      }),
    );
    await Promise.race([...asks, sleep(HELLO_MS, undefined, { ref: false })]);
  }
  while (!isThere && asks.length > 0) {
    await Promise.race(asks);
    void asks.shift();
  }
  return isThere;
}

async function survey(exchange: Exchange, peer: NodeAddress, mtu: number): Promise<Passage> {
  const answers = await round(exchange);
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const median = times[times.length >> 1] ?? 0;
  const patience = PATIENCE_MS + 2 * median;
  const family = familyOf(peer);
  const size = mtu - HEADERS[family];
  const tried = async (trial: Trial, ms: number): Promise<boolean> => {
    const tries = Array.from({ length: TRIES }, () => exchange.ask(trial, ms));
    return (await Promise.all(tries)).some((answer) => answer !== undefined);
  };
  const passes = async (trial: Trial): Promise<boolean> =>
    (await tried(trial, patience)) || tried(trial, SURE * patience);
  const measure = (of: (bytes: number) => Trial): Promise<number> =>
    largest(
      LEAST[family],
      mtu,
      (bytes) => tried(of(bytes), patience),
      (bytes) => tried(of(bytes), SURE * patience),
    );
  const whole = { whole: true, checksum: false };
  const checked = { whole: false, checksum: true };
  const thereWith = (bytes: number): Trial => ({ ...PLAIN, bytes: bytes - HEADERS[family], there: whole });
  const backWith = (bytes: number): Trial => ({ ...PLAIN, answerBytes: bytes - HEADERS[family], back: whole });
  const [there, back, cut, checkedThere, checkedBack, segments] = await Promise.all([
    measure(thereWith),
    measure(backWith),
    passes({ ...PLAIN, bytes: size, answerBytes: size }),
    passes({ ...PLAIN, there: checked }),
    passes({ ...PLAIN, back: checked }),
    exchange.askTogether({ ...PLAIN, bytes: size, there: checked }, SEGMENTS, SURE * patience),
  ]);
  return {
    peer,
    roundTrip: { min: times[0] ?? 0, median, max: times.at(-1) ?? 0 },
    ...tallies(answers),
    mtu: { planned: mtu, there, back },
    cut,
    checksum: { there: checkedThere, back: checkedBack },
    segments: segments.length > 0,
  };
}

/** Numbered, with a gap, so that one burst of something else does not take them all. */
async function round(exchange: Exchange): Promise<readonly Answered[]> {
  const asks = [];
  for (let n = 0; n < ROUND; n++) {
    asks.push(exchange.ask(PLAIN, LATE_MS));
    await sleep(GAP_MS);
  }
  return (await Promise.all(asks)).flatMap((answer) => answer ?? []);
}

/** By the last answer that came: what it says has arrived of what was sent before it, and what of that came back. */
function tallies(answers: readonly Answered[]): Pick<Passage, 'there' | 'back'> {
  const first = answers[0];
  if (first === undefined) return { there: { sent: ROUND, arrived: 0 }, back: { sent: 0, arrived: 0 } };
  const newest = answers.reduce((a, b) => (b.number > a.number ? b : a), first);
  return {
    there: { sent: newest.number + 1, arrived: newest.arrived },
    back: { sent: newest.arrived, arrived: answers.length },
  };
}
