import * as z from 'zod';
import type { Examined } from '../../doctor/examination.js';
import type { Other } from '../doctor/others.js';
import { command } from '../frame/command.js';

/** Of one check: probes to many hosts take the longest, ms. */
const PATIENCE_MS = 8_500;
/** Until all others have said what they find, ms. */
const ALL_MS = 13_500;

const examined = z.object({
  findings: z.array(z.object({ code: z.string(), what: z.string(), cure: z.string() })),
  fine: z.array(z.string()).describe('codes of the checks that found nothing'),
  unknown: z.record(z.string(), z.string()).describe('what could not be looked at, by check, and why'),
});

export const doctor = command({
  usage: 'doctor',
  about:
    'all that is known to go wrong with a host, its kernel, engine and store, and with the way to the others: what is wrong, and what to do',
  example: 'tsoverlay doctor --cluster',
  options: [
    { flags: '--cluster', about: 'ask each other host that lives, through the overlay, what it finds on itself' },
  ],
  json: examined.extend({
    hosts: z
      .array(
        z.object({
          address: z.string(),
          hostname: z.string(),
          said: z.union([examined, z.object({ silent: z.string() })]),
        }),
      )
      .optional()
      .describe('with --cluster: what the others say of themselves, or why one did not'),
  }),
  seconds: ({ options }) => (options.cluster === true ? 15 : 10),
  async run(desk, { options }) {
    // Much of it is for this command alone.
    const { CHECKS } = await import('../../doctor/checks/all.js');
    const { examine } = await import('../../doctor/examination.js');
    const { surroundingsOf } = await import('../doctor/surroundings.js');
    const { hearOthers } = await import('../doctor/others.js');
    const { withUnprobed } = await import('../doctor/rounds.js');
    const at = surroundingsOf(desk);
    const until = performance.now() + ALL_MS;
    const ask = async (): Promise<readonly Other[]> => {
      const [{ nodes }, rounds] = await Promise.all([at.cluster(), at.rounds()]);
      const named = rounds.map(({ peers, ...round }) => ({
        ...{ ...round, peers: nodes.filter(({ address }) => peers.includes(address)) },
      }));
      return hearOthers(at.self, named, until);
    };
    const [examined, others] = await Promise.all([
      examine(CHECKS, at, PATIENCE_MS),
      options.cluster === true ? ask().catch(() => []) : undefined,
    ]);
    const here = await withUnprobed(examined, at.unprobed);
    const { findings, fine, unknown } = here;
    const silent = (others ?? []).filter(({ said }) => 'silent' in said);
    const theirs = (others ?? []).flatMap(({ said }) => ('silent' in said ? [] : said.findings));
    return {
      lines: [...linesOf(here), ...(others ?? []).flatMap(otherLines)],
      json: {
        ...{ findings: [...findings], fine: [...fine], unknown: Object.fromEntries(unknown) },
        ...(others === undefined ? {} : { hosts: [...others] }),
      },
      exit: findings.length + theirs.length > 0 ? 1 : unknown.size + silent.length > 0 ? 2 : 0,
    };
  },
});

function linesOf({ findings, fine, unknown }: Examined): readonly string[] {
  const told = findings.flatMap(({ code, what, cure }) => [`${code}: ${what}`, `  ${cure}`]);
  const why = [...new Set(unknown.values())].map((reason) => {
    const codes = [...unknown].filter(([, words]) => words === reason).map(([code]) => code);
    return `not looked at: ${codes.join(', ')}: ${reason}`;
  });
  const isFine = findings.length === 0 && unknown.size === 0;
  return [
    ...told,
    ...why,
    isFine ? `nothing is wrong: ${fine.length} checks` : `${fine.length} checks found nothing wrong`,
  ];
}

function otherLines({ address, hostname, said }: Other): readonly string[] {
  const name = `${hostname} (${address})`;
  if ('silent' in said) return [`${name} does not say what is wrong there: ${said.silent}`];
  const { findings, fine, unknown } = said;
  const of = { findings, fine, unknown: new Map(Object.entries(unknown)) };
  return linesOf(of).map((line) => (line.startsWith('  ') ? line : `${name}: ${line}`));
}
