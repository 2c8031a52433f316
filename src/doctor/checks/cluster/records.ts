import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export const records = check({
  code: 'cluster.records',
  about: 'records in the store that cannot be read',
  harm: 'the network, host or endpoint that one is about is left as it was read last, and changed by nobody',
  cure: 'see who wrote it (consul kv get KEY): a host of a newer release wants this one upgraded; anything else is removed by hand, consul kv delete KEY, once nobody needs it',
  look: async ({ cluster }: Pick<Surroundings, 'cluster'>): Promise<readonly string[]> => (await cluster()).unreadable,
  judge: (unreadable) => unreadable.map((what) => ({ what })),
});
