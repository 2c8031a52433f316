/** What `npm run test:attacks -- --engine … --seconds … --only …` has chosen. */
export { ENGINE } from '../engine-choice.js';

/** Of each flood. */
export const SECONDS = Number(process.env.TSOVERLAY_ATTACK_SECONDS ?? 60);
/** Part of a flood's title; all of them have the empty one. */
export const ONLY = process.env.TSOVERLAY_ATTACK_ONLY ?? '';
