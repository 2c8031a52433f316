import type { Code } from '../../../health/catalogue.js';
import { check } from '../../check.js';
import type { RowLook, Surroundings } from '../../surroundings.js';

/** What other checks look at by themselves. */
const OWN_LOOK: ReadonlySet<string> = new Set<Code>(['cluster.version', 'engine.events']);

export const rows = check({
  code: 'agent.rows',
  about:
    'what the one that serves on this host keeps right and could not make right (docs/messages.md), and whether one serves',
  harm: 'as the sentence says; without one that serves, containers that run go on, but none starts, and names of other hosts are not found',
  cure: 'as each says; for one that does not serve: systemctl start tsoverlay, or docker plugin enable tsoverlay/driver, and its log',
  look: async ({ rows: read }: Pick<Surroundings, 'rows'>): Promise<readonly RowLook[] | string> =>
    read().catch((e: unknown) => (e instanceof Error ? e.message : String(e))),
  judge: (found) =>
    typeof found === 'string'
      ? [{ what: found }]
      : found
          .filter(({ code, severity }) => severity !== 'low' && !OWN_LOOK.has(code))
          .map(({ code, subject, text, cure }) => ({
            what: `${text} (${subject === '' ? code : `${code} ${subject}`})`,
            cure,
          })),
});
