/** Makes every part of tsoverlay and gives each the others that it needs: nothing runs yet. */
import type { Config } from '../config/config.js';
import type { Log } from '../health/events.js';
import type { Rows } from '../health/rows.js';
import { makeCluster } from './cluster.js';
import { makeDrivers } from './drivers.js';
import { layGround } from './ground.js';
import { makeNames } from './names.js';
import { makePasses } from './passes.js';
import { makeProbes } from './probes.js';
import { makeRegistry } from './registry.js';

export type Parts = Awaited<ReturnType<typeof assemble>>;

/** Rejects with a UserError when a setting or the host forbids to go on. */
export async function assemble(config: Config, log: Log, rows: Rows) {
  const ground = await layGround(config, log, rows);
  const cluster = makeCluster(config, log, rows, ground);
  const registry = makeRegistry(ground, cluster);
  const names = makeNames(log, rows, ground, cluster, registry);
  const below = { ground, cluster, registry, names };
  const passes = makePasses(config, log, rows, below);
  const drivers = makeDrivers(config, log, below, passes);
  return { ...below, passes, drivers, probes: makeProbes({ config, rows, ground, cluster, passes }) };
}
