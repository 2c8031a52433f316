/** Sentences for `tsoverlay status`: what no other process can see. */
import type { Parts } from './wiring.js';

export const troublesOf = ({ tenure, store }: Pick<Parts, 'tenure' | 'store'>): readonly string[] => [
  ...(tenure.refusal === undefined ? [] : [tenure.refusal.message]),
  ...[...store.troubles.values()].map((e) => `when this host last asked for news, ${e.message}`),
];
