/** What a network costs a container that comes and goes at once: `docker run --rm … true`. */
import { inRounds, type Round, type Rounds, timed } from '../rounds.js';
import { NETWORKS, type Site } from '../site.js';
import { type Call, parseCalls } from './calls.js';
import { PluginLog } from './plugin-log.js';

/** `none` has no network at all. */
const ATTACHERS = ['none', 'floor', 'rival', 'tsoverlay', 'oneCard'] as const;
export type Attacher = (typeof ATTACHERS)[number];

export interface Attaches {
  /** Milliseconds. */
  readonly rounds: readonly Round<Attacher, number>[];
  /** For tsoverlay, of each of its turns. */
  readonly calls: readonly Call[];
}

export async function measureAttach(site: Site, rounds: Rounds): Promise<Attaches> {
  const calls: Call[] = [];
  const taken = await inRounds(rounds, ATTACHERS, async (attacher) => {
    const log = new PluginLog(site.here.plugin);
    const took = await timed(() => comeAndGo(site, attacher));
    if (attacher === 'tsoverlay') calls.push(...parseCalls(log.text()));
    return took;
  });
  return { rounds: taken, calls };
}

/** tsoverlay alone, one after the other: each waits for what the last has left to be done. */
export async function measureCalls(site: Site, rounds: Rounds): Promise<readonly Call[]> {
  const log = new PluginLog(site.here.plugin);
  await inRounds(rounds, ['tsoverlay'] as const, (attacher) => comeAndGo(site, attacher));
  return parseCalls(log.text());
}

function comeAndGo({ here }: Site, attacher: Attacher): Promise<string> {
  const network = attacher === 'none' ? attacher : NETWORKS[attacher];
  return here.docker('run', '--rm', '--net', network, 'busybox', 'true');
}
