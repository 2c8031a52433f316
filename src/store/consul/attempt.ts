/** One request to one Consul agent: bounded in time, cancelled with its signal, tried again once with a token that is new. */
import { EventEmitter } from 'node:events';
import { type Answer, answerOf, type Failure, isRefusal, rejectionOf } from './answer.js';
import type { ConsulToken } from './token.js';

/** What every call hands on to the client, spread into its options. */
export interface CallOptions {
  readonly ctx: EventEmitter;
  readonly timeout: number;
  readonly token?: string;
}

interface Request {
  /** Of the agent, for sentences. */
  readonly address: string;
  readonly ask: (options: CallOptions) => Promise<unknown>;
  readonly timeoutMs: number;
  readonly token: ConsulToken;
  /** True when a transaction of which the token may do only a part is an answer, not a refusal. */
  readonly takesDenial: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Never rejects. `again`: a token that was refused is replaced by the file's new one, once. */
export async function attempt(request: Request, again = true): Promise<Answer | Failure> {
  const { address, ask, timeoutMs: timeout, token, takesDenial, signal } = request;
  // The client ends the request on its ctx's `cancel`, and answers with the response only if the ctx asks for it.
  const ctx = Object.assign(new EventEmitter(), { includeResponse: true, canceled: signal?.aborted === true });
  const cancel = () => ctx.emit('cancel');
  signal?.addEventListener('abort', cancel, { once: true });
  const used = token.value;
  try {
    return answerOf(await ask({ ctx, timeout, ...(used !== undefined && { token: used }) }), address);
  } catch (reason) {
    if (isRefusal(reason) && token.hasOtherThan(used) && again) return attempt(request, false);
    return rejectionOf(reason, address, timeout, token, takesDenial);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
