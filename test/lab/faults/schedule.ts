/** What the random run does and when: all of it drawn from a seed before the first step, so that it can be run again. */

/** What users do. `container` and `host` are numbers that the run reduces to what it has. */
export type Action = 'run' | 'rm' | 'kill' | 'connect' | 'disconnect';

/** What strikes a host (or Consul, on whichever host). */
export type Fault =
  | 'plugin-kill'
  | 'dockerd-kill'
  | 'dockerd-restart'
  | 'consul-kill'
  | 'consul-freeze'
  | 'cable-cut'
  | 'power-loss'
  | 'vxlan-deleted'
  | 'fdb-flushed'
  /** Of the plugin's own wall clock; needs a plugin that runs under libfaketime (see clock.test.ts). */
  | 'clock-jump';

export interface Deed {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly host: number;
  readonly what: Action;
  /** Picks the container among those of the host. */
  readonly pick: number;
}

export interface Strike {
  readonly at: number;
  readonly host: number;
  readonly what: Fault;
  /** How long it lasts, where it lasts, ms. */
  readonly lasts: number;
}

export interface Schedule {
  readonly deeds: readonly Deed[];
  readonly strikes: readonly Strike[];
}

const ACTIONS: readonly Action[] = ['run', 'run', 'run', 'rm', 'rm', 'kill', 'connect', 'disconnect'];
const FAULTS: readonly Fault[] = [
  'plugin-kill',
  'plugin-kill',
  'dockerd-kill',
  'dockerd-restart',
  'consul-kill',
  'consul-freeze',
  'cable-cut',
  'power-loss',
  'vxlan-deleted',
  'fdb-flushed',
];

const DEED_EVERY_MS = 500;
const STRIKE_EVERY_MS = 7_000;

/** Mulberry32: numbers from 0 up to 1, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function draw(seed: number, seconds: number, hosts: number): Schedule {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const deeds: Deed[] = [];
  for (let at = 0; at < seconds * 1000; at += DEED_EVERY_MS / 2 + below(DEED_EVERY_MS))
    deeds.push({ at, host: below(hosts) + 1, what: one(ACTIONS), pick: below(1_000) });
  const strikes: Strike[] = [];
  // Each kind comes before any comes twice: a short run meets as many as it can.
  let bag: Fault[] = [];
  for (let at = 3_000; at < seconds * 1000; at += STRIKE_EVERY_MS / 2 + below(STRIKE_EVERY_MS)) {
    if (bag.length === 0) bag = [...FAULTS];
    const [what] = bag.splice(below(bag.length), 1) as [Fault];
    strikes.push({ at, host: below(hosts) + 1, what, lasts: 500 + below(4_500) });
  }
  return { deeds, strikes };
}
