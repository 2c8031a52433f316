import type { Endpoint, Node } from '../../../model/values/types.js';
import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export interface NodeFacts {
  readonly nodes: readonly Node[];
  readonly endpoints: readonly Pick<Endpoint, 'node'>[];
}

export const nodes = check({
  code: 'cluster.nodes',
  about: 'hosts of the cluster that are away',
  harm: 'their containers are not reached; what they hold (addresses, names) stays theirs',
  cure: 'start tsoverlay on the host, or see why it does not reach Consul: its log says; if it never returns: tsoverlay node forget ADDRESS',
  look: async ({ cluster }: Pick<Surroundings, 'cluster'>): Promise<NodeFacts> => cluster(),
  judge: ({ nodes: all, endpoints }) =>
    all
      .filter((node) => !node.alive)
      .map(({ id, hostname, address }) => {
        const held = endpoints.filter((e) => e.node === id).length;
        return { what: `host ${hostname} (${address}) is away${held === 0 ? '' : `, and holds ${held} endpoints`}` };
      }),
});
