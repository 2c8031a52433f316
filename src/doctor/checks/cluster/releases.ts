import type { Node } from '../../../model/values/types.js';
import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

const MOST_NAMED = 3;

export const releases = check({
  code: 'cluster.releases',
  about: 'the releases of tsoverlay that the hosts run, of those that live',
  harm: 'what a newer release mends is not mended on the hosts that lack it, and hosts of one release may do what those of the other do not',
  cure: 'end the upgrade: install the newest of these releases on the hosts that lack it, one after the other (docs/plugin.md, Upgrade)',
  look: async ({ cluster }: Pick<Surroundings, 'cluster'>): Promise<readonly Node[]> => (await cluster()).nodes,
  judge: (nodes) => {
    const hosts = new Map<string, string[]>();
    for (const { alive, hostname, release = 'one that does not say' } of nodes)
      if (alive) hosts.set(release, [...(hosts.get(release) ?? []), hostname]);
    if (hosts.size < 2) return [];
    const words = [...hosts].sort().map(([release, names]) => `${release} on ${named(names)}`);
    return [{ what: `${hosts.size} releases are run: ${words.join('; ')}` }];
  },
});

const named = (hosts: readonly string[]): string => {
  const some = [...hosts].sort().slice(0, MOST_NAMED).join(', ');
  return hosts.length > MOST_NAMED ? `${some} and ${hosts.length - MOST_NAMED} more` : some;
};
