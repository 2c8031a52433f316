/** The engine of all fault tests: `npm run test:faults -- --engine 26.1.5`. */
import { ENGINE_VERSIONS, type EngineVersion } from '../cache.js';
import { DEFAULTS } from '../record.js';

export const ENGINE: EngineVersion = ENGINE_VERSIONS.find((v) => v === process.env.FAULT_ENGINE) ?? DEFAULTS.engine;
