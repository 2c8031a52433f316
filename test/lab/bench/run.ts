/** All that is measured on one engine. */
import { type Attaches, measureAttach, measureCalls } from './measure/attach.js';
import type { Call } from './measure/calls.js';
import { type Creator, measureCreation } from './measure/creation.js';
import { type Idle, measureIdle, measureStart } from './measure/footprint.js';
import { measureStays, type Stays } from './measure/stay.js';
import { measureTraffic, type Seconds, serveTraffic, type TrafficRound } from './measure/traffic.js';
import { inRounds, type Round, type Rounds } from './rounds.js';
import { type BenchEngine, RIVALS, type Rival, Site } from './site.js';

/** Rounds of each kind, and seconds. */
export interface Effort {
  readonly first: number;
  readonly beside: number;
  readonly calls: number;
  readonly stays: number;
  readonly creations: number;
  readonly traffic: number;
  readonly starts: number;
  readonly seconds: Seconds;
  readonly idleSeconds: number;
}

export interface Taken {
  readonly engine: BenchEngine;
  readonly rival: Rival;
  /** First container of the network on its host. */
  readonly first: Attaches;
  /** Beside another one. */
  readonly beside: Attaches;
  /** tsoverlay's, beside another one, with nothing in between. */
  readonly backToBack: readonly Call[];
  readonly stays: Stays;
  readonly creations: readonly Round<Creator, number>[];
  readonly traffic: readonly TrafficRound[];
  readonly idle: Idle;
  /** Start of the process to its socket being served, ms. */
  readonly starts: readonly number[];
}

export async function measureEngine(
  engine: BenchEngine,
  effort: Effort,
  rounds: (count: number, title: string) => Rounds,
): Promise<Taken> {
  console.log(`booting two hosts with Docker ${engine}, ${RIVALS[engine]} overlay and tsoverlay side by side …`);
  const site = await Site.boot(engine, console.log);
  try {
    const first = await measureAttach(site, rounds(effort.first, 'attach and detach, first container on its host'));
    const stays = await measureStays(site, rounds(effort.stays, 'names'));
    const creations = await measureCreation(site, rounds(effort.creations, 'networks created and used'));
    await serveTraffic(site);
    await site.stay('oneCard', site.here, ['sleep', 'infinity']);
    const beside = await measureAttach(site, rounds(effort.beside, 'attach and detach, beside another container'));
    const backToBack = await measureCalls(site, rounds(effort.calls, 'attach and detach, back to back'));
    const traffic = await measureTraffic(site, effort.seconds, rounds(effort.traffic, 'traffic'));
    const watched = rounds(effort.starts, 'starts of the process');
    const idle = await measureIdle(site.here, effort.idleSeconds, watched.signal);
    const starts = await inRounds(watched, ['start'] as const, () => measureStart(site, site.here));
    const process = { idle, starts: starts.map(({ start }) => start) };
    return { engine, rival: site.rival, first, beside, backToBack, stays, creations, traffic, ...process };
  } finally {
    await site.down();
  }
}
