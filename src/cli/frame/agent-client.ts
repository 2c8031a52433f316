/** Asks the one that serves on this host, at its admin socket. */
import { request } from 'node:http';
import * as z from 'zod';
import { ANSWERS_VERSION, type Exchange, refusal } from '../../admin/contract/exchange.js';
import { messageOf, UserError } from '../../errors.js';

/** It answers from what it has at hand, ms. */
const PATIENCE_MS = 3_000;
/** It says no more; something else may serve there. */
const LONGEST = 64 << 20;

const envelope = z.looseObject({ version: z.int() });

/** Nobody serves there, or not as a tsoverlay would. */
export class AwayError extends Error {
  override readonly name = 'AwayError';
}
export const isAway = (e: unknown): e is AwayError => e instanceof AwayError;

/** Rejects with an AwayError when there is no answer, and with a UserError when it is a refusal or another release's. */
export async function askAgent<Q extends z.ZodType, A extends z.ZodType>(
  socketPath: string,
  { method, path, answer }: Exchange<Q, A>,
  asked: z.input<Q>,
  patienceMs = PATIENCE_MS,
): Promise<z.output<A>> {
  const { status, text } = await talk(socketPath, method, path, Object(asked), patienceMs);
  const value = parsed(text);
  const { version } = envelope.catch({ version: 0 }).parse(value);
  if (version === 0) throw new AwayError(`what answers at ${socketPath} is no tsoverlay`);
  if (status !== 200) throw new UserError(refusal.catch({ error: `it answered ${status}` }).parse(value).error);
  const shaped = answer.safeParse(value);
  if (version === ANSWERS_VERSION && shaped.success) return shaped.data;
  throw new UserError('the tsoverlay that serves on this host is of another release; use the command of that release');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Spoken {
  readonly status: number;
  readonly text: string;
}

function talk(
  socketPath: string,
  method: string,
  path: string,
  asked: Readonly<Record<string, string>>,
  patienceMs: number,
): Promise<Spoken> {
  const isGet = method === 'GET';
  const query = isGet ? `${new URLSearchParams(asked)}` : '';
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patienceMs);
    const fail = (e: unknown) => reject(new AwayError(messageOf(e)));
    const where = { socketPath, path: query === '' ? path : `${path}?${query}`, method, agent: false, signal };
    const sent = request(where, async (answer) => {
      try {
        let text = '';
        for await (const chunk of answer.setEncoding('utf8')) {
          text += String(chunk);
          if (text.length > LONGEST) break;
        }
        resolve({ status: answer.statusCode ?? 0, text });
      } catch (e) {
        fail(e);
      }
    });
    sent.on('error', fail).end(isGet ? undefined : JSON.stringify(asked));
  });
}
