import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export const versions = check({
  code: 'cluster.versions',
  about: 'the version in which records are written',
  harm: 'what a newer release adds is not there yet; hosts that are away with an older release keep it so',
  cure: 'upgrade the hosts that are named; one that never returns: tsoverlay node forget ADDRESS',
  look: async ({ cluster }: Pick<Surroundings, 'cluster'>): Promise<readonly string[]> => (await cluster()).versions,
  judge: (words) => words.map((what) => ({ what })),
});
