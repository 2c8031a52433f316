import { judgeProbe } from '../../../model/probe/judgement.js';
import type { Probed } from '../../../model/probe/passage.js';
import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export interface ProbeFacts {
  readonly port: number;
  readonly probes: readonly Probed[];
  /** By address. */
  readonly names: ReadonlyMap<string, string>;
}

export const probes = check({
  code: 'underlay.probes',
  about:
    'the way to each host that lives, and back, by real packets through VXLAN: answers, loss, largest packet, checksums (tsoverlay ping)',
  harm: 'containers of the two hosts reach each other not at all, slowly, or with small packets alone',
  cure: 'as each says',
  look: async ({
    probes: send,
    cluster,
    port,
  }: Pick<Surroundings, 'cluster' | 'port' | 'probes'>): Promise<ProbeFacts> => {
    const names = new Map<string, string>((await cluster()).nodes.map((node) => [node.address, node.hostname]));
    return { port, probes: await send(), names };
  },
  judge: ({ port, probes: found, names }) =>
    found.flatMap((probed) =>
      judgeProbe(probed, port).map(({ trouble, what, cure }) => ({
        what: `${names.get(probed.peer) ?? 'host'} (${probed.peer}): ${what} (probe.${trouble})`,
        cure,
      })),
    ),
});
