/** What `npm run test:attacks -- --engine … --seconds … --only …` has chosen. */
import { ENGINE_VERSIONS, type EngineVersion } from '../cache.js';
import { DEFAULTS } from '../record.js';

export const ENGINE: EngineVersion =
  ENGINE_VERSIONS.find((v) => v === process.env.TSOVERLAY_ATTACK_ENGINE) ?? DEFAULTS.engine;
/** Of each flood. */
export const SECONDS = Number(process.env.TSOVERLAY_ATTACK_SECONDS ?? 60);
/** Part of a flood's title; all of them have the empty one. */
export const ONLY = process.env.TSOVERLAY_ATTACK_ONLY ?? '';
