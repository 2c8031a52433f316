/** Makes every part of tsoverlay and gives each the others that it needs: nothing runs yet. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { makeCluster } from './cluster.js';
import { makeDrivers } from './drivers.js';
import { layGround } from './ground.js';
import { makeNames } from './names.js';
import { makePasses } from './passes.js';
import { makeRegistry } from './registry.js';

export type Parts = Awaited<ReturnType<typeof assemble>>;

/** Rejects with a UserError when a setting or the host forbids to go on. */
export async function assemble(config: Config, log: Logger) {
  const ground = await layGround(config, log);
  const cluster = makeCluster(config, log, ground);
  const registry = makeRegistry(ground, cluster);
  const names = makeNames(log, ground, cluster, registry);
  const below = { ground, cluster, registry, names };
  const passes = makePasses(config, log, below);
  const drivers = makeDrivers(config, log, below, passes);
  return { ...below, passes, drivers };
}
