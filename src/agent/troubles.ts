/** Sentences for `tsoverlay status`: what no other process can see. */
import type { Ground } from '../wiring/ground.js';

export const troublesOf = ({ tenure, store }: Pick<Ground, 'tenure' | 'store'>): readonly string[] => [
  ...(tenure.refusal === undefined ? [] : [tenure.refusal.message]),
  ...[...store.troubles.values()].map((e) => `when this host last asked for news, ${e.message}`),
];
