/** What a host's plugin uses, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';
import { median, quantile } from '../bench/statistics.js';
import type { Host } from '../host.js';

export interface Reading {
  /** Of all threads of the plugin, ms. */
  readonly cpu: number;
  /** That came in over the host's card, bytes with all headers. */
  readonly received: number;
  /** By performance.now(). */
  readonly at: number;
}

const CONSUL_PORT = 8500;
const ESTABLISHED = '01';

const pidOf = (host: Host): number => {
  const plugin = host.process('tsoverlay');
  if (plugin === undefined) throw new Error(`tsoverlay does not run on ${host.name}`);
  return plugin.pid;
};

export function read(host: Host): Reading {
  const pid = pidOf(host);
  // Its threads are never fewer, so nothing of what they have used is lost. To the nanosecond, where `stat` has ticks.
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map((t) => Number(readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]));
  const card = readFileSync(`/proc/${pid}/net/dev`, 'utf8').match(/^ *eth0: *(\d+)/m);
  return { cpu: used.reduce((a, b) => a + b, 0) / 1e6, received: Number(card?.[1]), at: performance.now() };
}

/** What was used between two readings. */
export interface Use {
  readonly cpu: number;
  readonly received: number;
  readonly seconds: number;
}

const between = (before: Reading, after: Reading): Use => ({
  cpu: after.cpu - before.cpu,
  received: after.received - before.received,
  seconds: (after.at - before.at) / 1000,
});

/** Between each reading and the next one. */
export const uses = (readings: readonly Reading[]): readonly Use[] =>
  readings.slice(1).flatMap((after, i) => {
    const before = readings[i];
    return before === undefined ? [] : [between(before, after)];
  });

/** Beyond what the host uses when nothing happens. */
export interface Cost {
  /** Of the event in the middle: what a host does every 30 s does not count. */
  readonly cpu: number;
  readonly received: number;
  /** The means, with a share of all that the host did meanwhile. */
  readonly cpuWithAll: number;
  readonly receivedWithAll: number;
  /** How much CPU an idle host uses more than usual for as long as an event takes, once in ten times. */
  readonly cpuNoise: number;
}

/** What each event cost. `events`: from each to the next one; `idle`: of any length. */
export function costOf(events: readonly Use[], idle: readonly Use[]): Cost {
  const rate = (of: (u: Use) => number, middle: (all: readonly number[]) => number) =>
    middle(idle.map((u) => of(u) / u.seconds));
  const beyond = (of: (u: Use) => number, middle: (all: readonly number[]) => number): number =>
    middle(events.map((u) => of(u) - rate(of, middle) * u.seconds));
  const idleRates = idle.map((u) => u.cpu / u.seconds);
  const noise = quantile(idleRates, 0.9) - median(idleRates);
  const [cpu, received] = [(u: Use) => u.cpu, (u: Use) => u.received];
  return {
    ...{ cpu: beyond(cpu, median), received: beyond(received, median) },
    ...{ cpuWithAll: beyond(cpu, mean), receivedWithAll: beyond(received, mean) },
    cpuNoise: noise * median(events.map((u) => u.seconds)),
  };
}

const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;

/** Connections of the host to Consul. */
export function connections(host: Host): number {
  const port = CONSUL_PORT.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync(`/proc/${pidOf(host)}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote, state]) => remote?.endsWith(`:${port}`) && state === ESTABLISHED).length;
}
