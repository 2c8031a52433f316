import * as z from 'zod';
import type { Examined } from '../../doctor/examination.js';
import { command } from '../frame/command.js';

/** Of one check: probes to many hosts take the longest, ms. */
const PATIENCE_MS = 8_500;

export const doctor = command({
  usage: 'doctor',
  about:
    'all that is known to go wrong with a host, its kernel, engine and store, and with the way to the others: what is wrong, and what to do',
  example: 'tsoverlay doctor',
  json: z.object({
    findings: z.array(z.object({ code: z.string(), what: z.string(), cure: z.string() })),
    fine: z.array(z.string()).describe('codes of the checks that found nothing'),
    unknown: z.record(z.string(), z.string()).describe('what could not be looked at, by check, and why'),
  }),
  seconds: () => 10,
  async run(desk) {
    // Much of it is for this command alone.
    const { CHECKS } = await import('../../doctor/checks/all.js');
    const { examine } = await import('../../doctor/examination.js');
    const { surroundingsOf } = await import('../doctor/surroundings.js');
    const examined = await examine(CHECKS, surroundingsOf(desk), PATIENCE_MS);
    const { findings, fine, unknown } = examined;
    return {
      lines: linesOf(examined),
      json: { findings: [...findings], fine: [...fine], unknown: Object.fromEntries(unknown) },
      exit: findings.length > 0 ? 1 : unknown.size > 0 ? 2 : 0,
    };
  },
});

function linesOf({ findings, fine, unknown }: Examined): readonly string[] {
  const told = findings.flatMap(({ code, what, cure }) => [`${code}: ${what}`, `  ${cure}`]);
  const why = [...new Set(unknown.values())].map((reason) => {
    const codes = [...unknown].filter(([, words]) => words === reason).map(([code]) => code);
    return `not looked at: ${codes.join(', ')}: ${reason}`;
  });
  const end =
    findings.length === 0 && unknown.size === 0
      ? `nothing is wrong: ${fine.length} checks`
      : `${fine.length} checks found nothing wrong`;
  return [...told, ...why, end];
}
