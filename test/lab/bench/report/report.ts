/** From samples to figures. Pure. */
import { type CallTable, tabulate } from '../measure/calls.js';
import type { Idle } from '../measure/footprint.js';
import type { Stay } from '../measure/stay.js';
import { PATHS, type Traffic } from '../measure/traffic.js';
import type { Taken } from '../run.js';
import type { BenchEngine, Driver, Rival } from '../site.js';
import { type Summary, summarise } from '../statistics.js';
import type { Surroundings } from '../surroundings.js';
import { type Figure, figure } from './figure.js';

export interface EngineReport {
  readonly engine: BenchEngine;
  readonly rival: Rival;
  readonly traffic: Readonly<Record<'tcp' | 'udp' | 'near' | 'tcpCpu' | 'udpCpu' | 'one' | 'eight' | 'flood', Figure>>;
  /** Beyond what the same takes with `--net none`. */
  readonly times: Readonly<Record<'first' | 'beside' | 'run' | 'remove' | 'name' | 'creation', Figure>>;
  /** What a name that stands already takes to answer, ms. */
  readonly nameFloor: Readonly<Record<Driver, Summary>>;
  readonly calls: Readonly<Record<'first' | 'beside' | 'backToBack', CallTable>>;
  readonly idle: Idle;
  readonly start: Summary;
}

/** One engine's, and where and when it was measured. */
export interface Section {
  readonly around: Surroundings;
  readonly report: EngineReport;
  /** Samples that failed and were taken again, by contender. */
  readonly failures: Readonly<Record<string, number>>;
}

export const engineReport = (taken: Taken): EngineReport => ({
  engine: taken.engine,
  rival: taken.rival,
  traffic: traffic(taken),
  times: times(taken),
  nameFloor: { rival: summarise(taken.stays.floor.rival), tsoverlay: summarise(taken.stays.floor.tsoverlay) },
  calls: {
    first: tabulate(taken.first.calls),
    beside: tabulate(taken.beside.calls),
    backToBack: tabulate(taken.backToBack),
  },
  idle: taken.idle,
  start: summarise(taken.starts),
});

function traffic({ traffic: rounds }: Taken): EngineReport['traffic'] {
  const of = (what: string, unit: Figure['unit'], sample: (traffic: Traffic) => number): Figure =>
    figure(
      what,
      unit,
      PATHS,
      rounds.map((round) => mapped(round, sample)),
    );
  return {
    tcp: of('TCP request and response', 'a second', (t) => t.tcp.perSecond),
    udp: of('UDP request and response', 'a second', (t) => t.udp.perSecond),
    near: of('the same, TCP, on one host', 'a second', (t) => t.near.perSecond),
    tcpCpu: of('CPU of a TCP request and response', 'µs', (t) => t.tcp.cpu),
    udpCpu: of('CPU of a UDP request and response', 'µs', (t) => t.udp.cpu),
    one: of('one TCP stream', 'Gbit/s', (t) => t.streams.one / 1e9),
    eight: of('eight TCP streams', 'Gbit/s', (t) => t.streams.eight / 1e9),
    flood: of('UDP flood, what arrives', 'Gbit/s', (t) => t.streams.flood / 1e9),
  };
}

function times({ first, beside, stays, creations }: Taken): EngineReport['times'] {
  const attachers = ['floor', 'rival', 'tsoverlay', 'oneCard'] as const;
  const drivers = ['rival', 'tsoverlay'] as const;
  const stayed = (what: string, stayers: readonly ('floor' | 'rival' | 'tsoverlay')[], of: (stay: Stay) => number) =>
    figure(
      what,
      'ms',
      stayers,
      stays.rounds.map((round) => beyond(mapped(round, of))),
    );
  return {
    first: figure(
      'attach and detach, first container of the network on its host',
      'ms',
      attachers,
      first.rounds.map(beyond),
    ),
    beside: figure('attach and detach, beside another container', 'ms', attachers, beside.rounds.map(beyond)),
    run: stayed('attach alone, first container: `docker run -d`', ['floor', ...drivers], (s) => s.run),
    remove: stayed('detach alone, last container: `docker rm -f`', ['floor', ...drivers], (s) => s.remove),
    name: stayed('`docker run -d` returned → its name answers on the other host', drivers, (s) => s.name),
    creation: figure(
      '`docker network create` → a container on the other host has been on it',
      'ms',
      drivers,
      creations.map(beyond),
    ),
  };
}

function mapped<K extends string, T>(round: Readonly<Record<K, T>>, of: (value: T) => number): Record<K, number> {
  return Object.fromEntries(Object.entries<T>(round).map(([key, value]) => [key, of(value)])) as Record<K, number>;
}

const beyond = <K extends string>(round: Readonly<Record<K | 'none', number>>): Record<K, number> =>
  mapped(round, (ms) => ms - round.none);
