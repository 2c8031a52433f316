/** What hinders the tsoverlay that serves on this host: it alone knows, so it is asked for its status rows. */
import { request } from 'node:http';
import * as z from 'zod';
import type { Code } from '../health/catalogue.js';
import { HEALTH_PATH } from '../model/values/names.js';

/** It answers from what it has at hand, ms. */
const PATIENCE_MS = 2_000;
/** It says no more; something else may serve there. */
const LONGEST = 1 << 20;

/** What status finds out by itself, as it is at this moment. */
const OWN_LOOK: ReadonlySet<string> = new Set<Code>(['cluster.version', 'consul.exposed']);

const row = z.object({
  code: z.string(),
  state: z.enum(['pending', 'failing', 'degraded']),
  severity: z.enum(['high', 'medium', 'low']),
  since: z.iso.datetime(),
  text: z.string(),
});
const brief = z.object({ more: z.int(), rows: z.array(row) });

/** One line for each that matters; one that says so when nobody answers. Never rejects. */
export async function rowLines(socketPath: string): Promise<readonly string[]> {
  try {
    const { more, rows } = brief.parse(JSON.parse(await read(socketPath)));
    const lines = rows.filter(({ code, severity }) => severity !== 'low' && !OWN_LOOK.has(code)).map(lineOf);
    return more === 0 ? lines : [...lines, `warning: and ${more} more; the log has them`];
  } catch {
    return [`tsoverlay does not serve on this host: nobody answers at ${socketPath}`];
  }
}

/** Seconds are enough, and the zone is said. */
function lineOf({ code, state, since, text }: z.infer<typeof row>): string {
  const prefix = state === 'pending' ? 'not yet' : 'warning';
  return `${prefix}: ${text} (${code}, since ${since.replace(/\.\d+Z$/, 'Z')})`;
}

function read(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const asked = request({ socketPath, path: HEALTH_PATH, agent: false, signal }, async (answer) => {
      try {
        let text = '';
        for await (const chunk of answer.setEncoding('utf8')) {
          text += String(chunk);
          if (text.length > LONGEST) break;
        }
        resolve(text);
      } catch (e) {
        reject(e);
      }
    });
    asked.on('error', reject).end();
  });
}
