/** tsoverlay by itself on a newer engine: its calls, and what its process takes. */
import type { EngineVersion } from '../cache.js';
import { Lab } from '../lab.js';
import { type CallTable, parseCalls, tabulate } from './calls.js';
import { type Idle, measureIdle, measureStart } from './footprint.js';
import { PluginLog } from './plugin-log.js';
import { inRounds, type Rounds } from './rounds.js';
import { SETTINGS } from './site.js';
import { type Summary, summarise } from './statistics.js';

export const NEWEST_LAB = 'bench.newest';

export interface Newest {
  readonly engine: EngineVersion;
  readonly calls: CallTable;
  readonly idle: Idle;
  /** Start of the process to its socket being served, ms. */
  readonly start: Summary;
}

const NETWORK = 'overlay1';
const STARTS = 5;

/** Two hosts with a container each on one network, which stay all the while. */
export async function measureNewest(engine: EngineVersion, idleSeconds: number, rounds: Rounds): Promise<Newest> {
  const lab = await Lab.boot({ name: NEWEST_LAB, engine, plugin: false });
  try {
    await Promise.all(lab.hosts.map((h) => h.plugin.start(SETTINGS)));
    const here = lab.host(1);
    await here.docker('network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', NETWORK);
    const log = new PluginLog(here.plugin);
    await inRounds(rounds, ['run'], () => here.docker('run', '--rm', '--net', NETWORK, 'busybox', 'true'));
    const calls = tabulate(parseCalls(log.text()));
    for (const h of lab.hosts) await h.docker('run', '-d', '--net', NETWORK, 'busybox', 'sleep', 'infinity');
    const idle = await measureIdle(here, idleSeconds, rounds.signal);
    const starts = await inRounds({ ...rounds, count: STARTS }, ['start'], () => measureStart(here));
    return { engine, calls, idle, start: summarise(starts.map((r) => r.start)) };
  } finally {
    await lab.down();
  }
}
