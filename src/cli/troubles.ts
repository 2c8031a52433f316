/** What hinders the tsoverlay that serves on this host: it alone knows, so it is asked. */
import { request } from 'node:http';
import { z } from 'zod';
import { TROUBLES_PATH } from '../model/values/names.js';

/** It answers from what it has at hand, ms. */
const PATIENCE_MS = 2_000;
/** It says no more; something else may serve there. */
const LONGEST = 1 << 20;

const shape = z.object({ troubles: z.array(z.string()) });

/** One line each; one that says so when nobody answers. Never rejects. */
export async function troubleLines(socketPath: string): Promise<readonly string[]> {
  try {
    const { troubles } = shape.parse(JSON.parse(await read(socketPath)));
    return troubles.map((words) => `warning: ${words}`);
  } catch {
    return [`tsoverlay does not serve on this host: nobody answers at ${socketPath}`];
  }
}

function read(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const asked = request({ socketPath, path: TROUBLES_PATH, agent: false, signal }, async (answer) => {
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
