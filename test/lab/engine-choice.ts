/** The engine of all labs that name none: `TSOVERLAY_ENGINE=26.1.5 npm run test:options`. */
import { ENGINE_VERSIONS, type EngineVersion, isEngineVersion } from './cache.js';

export const NEWEST: EngineVersion = '28.5.2';

const chosen = process.env.TSOVERLAY_ENGINE ?? NEWEST;
if (!isEngineVersion(chosen))
  throw new Error(`TSOVERLAY_ENGINE is ${chosen}, which is none of ${ENGINE_VERSIONS.join(', ')}`);

export const ENGINE: EngineVersion = chosen;

/** Engines of other habits: they check less by themselves, and want a swarm for a global network of a plugin. */
export const isBefore23 = (engine: EngineVersion): boolean => engine.startsWith('20.');
