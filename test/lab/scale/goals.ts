/** What has to hold, from samples to verdicts. Pure. */
import { median, quantile, ratioOfMedians } from '../bench/statistics.js';
import type { Point } from './growth.js';
import { growth, type Many } from './many.js';
import type { OneBig } from './one-big.js';
import type { Rush } from './rush.js';

export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
}

/** What a host's own clockwork makes uncertain in a window as long as ours, per event. */
const NOTHING = { ms: 1, bytes: 200 };
/** The points that ratios are taken of. */
const [FEW, SOME, MANY] = [50, 500, 5000];

export const kb = (bytes: number): string => `${(bytes / 1000).toFixed(1)} KB`;
export const ms = (n: number): string => `${n.toFixed(n < 30 ? 1 : 0)} ms`;

export function atMost(what: string, most: number, found: number, show: (n: number) => string): Goal {
  return { what, goal: `≤ ${show(most)}`, measured: show(found), met: found <= most };
}

const times = (n: number): string => `${n.toFixed(2)} ×`;

export function oneBigGoals({ points, addresses }: OneBig): readonly Goal[] {
  const at = (n: number) => points.find((p) => p.endpoints === n);
  const [few, some, many] = [at(FEW), at(SOME), at(MANY)];
  const last = points.at(-1);
  if (last === undefined) return [];
  const ratio = (of: (p: Point) => readonly number[], to: Point | undefined, most: number, what: string) =>
    many && to
      ? [atMost(`${what}: at ${MANY} ÷ at ${to.endpoints}`, most, median(of(many)) / median(of(to)), times)]
      : [];
  const arrival = (what: string, of: (p: Point) => readonly number[]) =>
    atMost(`Join answered → ${what}, p99, at ${last.endpoints}`, 1000, quantile(of(last), 0.99), ms);
  const noise = worst(points, (p) => p.bystander.cpuNoise);
  const bystander = {
    cpu: worst(points, (p) => p.bystander.cpu),
    received: worst(points, (p) => p.bystander.received),
  };
  const { value } = ratioOfMedians(addresses.pairs);
  return [
    atMost(`read per attach elsewhere, at ${last.endpoints}`, 40_000, median(last.received), kb),
    atMost(
      `the same with a share of all that it read meanwhile, at ${last.endpoints}`,
      40_000,
      median(last.receivedWithAll),
      kb,
    ),
    ...ratio((p) => p.received, some, 2, 'read per attach elsewhere'),
    atMost(`CPU per attach elsewhere, at ${last.endpoints}`, 5, median(last.cpu), ms),
    atMost(`the same with a share of all that it did meanwhile, at ${last.endpoints}`, 5, median(last.cpuWithAll), ms),
    ...ratio((p) => p.cpu, some, 2, 'CPU per attach elsewhere'),
    atMost('CPU per attach of a host that takes no part (its own noise)', NOTHING.ms + noise, bystander.cpu, ms),
    atMost('read per attach by a host that takes no part (its own noise)', NOTHING.bytes, bystander.received, kb),
    ...ratio((p) => p.attach, few, 1.3, 'attach'),
    atMost(`RequestAddress: full /16 (${last.endpoints} leases) ÷ empty /16`, 1.3, value, times),
    atMost('transactions per RequestAddress', 1, addresses.writes, (n) => n.toFixed(2)),
    atMost('lists of leases by RequestAddress', 0, addresses.lists, String),
    arrival('FDB entry on every host', (p) => p.fdb),
    arrival('neighbour entry on every host', (p) => p.neighbour),
    arrival('name answers on every host', (p) => p.name),
    ...(few
      ? [
          atMost(
            `memory: at ${last.endpoints} more than at ${FEW}`,
            40,
            median(last.rssMiB) - median(few.rssMiB),
            (n) => `${n.toFixed(0)} MiB`,
          ),
        ]
      : []),
    atMost(`longest turn of the event loop by its own CPU, at ${last.endpoints}`, 20, Math.max(...last.busy), ms),
  ];
}

/** The median over the points: a single one is off by what the host does on its own every 30 s. */
const worst = (points: readonly Point[], of: (p: Point) => number): number => median(points.map(of));

export function manyGoals({
  create,
  createCpu,
  connections,
  commits,
  bystander,
  networks,
  kept,
}: Many): readonly Goal[] {
  return [
    atMost(`network create: beside ${networks} ÷ beside a few`, 1.3, growth(create), times),
    atMost(`CPU of each other host per network create beside ${networks}`, 5, median(createCpu.many), ms),
    atMost('the same beside a few', 5, median(createCpu.few), ms),
    atMost(`connections of a host with ${kept} networks`, 40, connections, String),
    atMost(`its RequestAddress and CreateEndpoint: with ${kept} networks ÷ with 3`, 1.3, growth(commits), times),
    atMost(
      'CPU per attach of a host without endpoints (its own noise)',
      NOTHING.ms + bystander.cpuNoise,
      bystander.cpu,
      ms,
    ),
    atMost('read per attach by a host without endpoints (its own noise)', NOTHING.bytes, bystander.received, kb),
  ];
}

export function rushGoals({ containers, real, addresses, starts, outage }: Rush): readonly Goal[] {
  const all = `${containers} at once on ${real} hosts`;
  const mean = outage.requests.reduce((a, b) => a + b, 0) / outage.requests.length;
  return [
    atMost(`addresses that were not got, ${all}`, 0, containers - addresses.got, String),
    atMost('transactions per address', 1.5, addresses.writes, (n) => n.toFixed(2)),
    atMost(`containers that did not start, ${all}`, 0, containers - starts.done, String),
    atMost('Consul killed for a while: new leader → attached on every host', 1000, Math.max(...outage.attached), ms),
    atMost(`requests per host and second in the ${outage.after} s after it`, 2, mean, (n) => n.toFixed(1)),
  ];
}
