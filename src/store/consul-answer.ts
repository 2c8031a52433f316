/** What came back from one request to Consul, read once: an answer to act on, or a StoreError that says why not. */
import { z } from 'zod';
import { hasCode, messageOf, StoreError } from '../errors.js';

/** An answer that has a meaning for the caller: 2xx, 404 (no such key or session) and 409 (a condition failed). */
export interface Answer {
  /** Who answered, for sentences. */
  readonly address: string;
  readonly status: number;
  /** `X-Consul-Index`; 0 where the answer carries none. */
  readonly index: number;
  readonly body: unknown;
}

/** A request that brought no answer. */
export interface Failure {
  readonly error: StoreError;
  /** True when Consul cannot have seen the request, so that sending it again cannot do it twice. */
  readonly unsent: boolean;
}

const response = z.object({
  statusCode: z.number(),
  headers: z.object({ 'x-consul-index': z.coerce.number().catch(0) }),
  body: z.unknown().optional(),
});
/** With a ctx that asks for it, the client answers `[response, …]`; the response's body is parsed already. */
const resolved = z.tuple([response]).rest(z.unknown());
/** The client's marks on its errors (papi's lib/errors.js). */
const rejected = z.object({
  isTimeout: z.literal(true).optional(),
  response: response.optional(),
});

const toAnswer = (res: z.infer<typeof response>, address: string): Answer => ({
  address,
  status: res.statusCode,
  index: res.headers['x-consul-index'],
  body: res.body,
});

export const answerOf = (result: unknown, address: string): Answer => toAnswer(resolved.parse(result)[0], address);

/** The answer's body in its typed shape. Throws a StoreError for another shape: something else than Consul answered. */
export function readBody<T>(answer: Answer, shape: z.ZodType<T>): T {
  const body = shape.safeParse(answer.body);
  if (body.success) return body.data;
  throw new StoreError(`what answers at ${answer.address} does not speak Consul's API`, true, { cause: body.error });
}

const isAnswer = (status: number): boolean => status < 300 || status === 404 || status === 409;

/** 429 is the agent's limit of connections per client address (`limits.http_max_conns_per_client`). */
const passes = (status: number): boolean => status >= 500 || status === 429;

/** Reads what a call of the client rejected with. `timeoutMs` is the one that the call had. */
export function rejectionOf(reason: unknown, address: string, timeoutMs: number): Answer | Failure {
  const { isTimeout, response: res } = rejected.catch({}).parse(reason);
  if (res && isAnswer(res.statusCode)) return toAnswer(res, address);
  if (res) {
    const detail = `${res.statusCode}: ${String(res.body ?? 'no reason given').trim()}`;
    return {
      error: passes(res.statusCode)
        ? new StoreError(`Consul at ${address} answered ${detail}`, true, { cause: reason })
        : new StoreError(`Consul at ${address} refused the request (${detail})${cureOf(res.statusCode)}`, false, {
            cause: reason,
          }),
      unsent: false,
    };
  }
  const why = isTimeout
    ? `did not answer within ${timeoutMs / 1000} s`
    : `cannot be reached (${reason instanceof Error && 'code' in reason ? String(reason.code) : messageOf(reason)})`;
  return { error: new StoreError(`Consul at ${address} ${why}`, true, { cause: reason }), unsent: isUnsent(reason) };
}

const cureOf = (status: number): string =>
  status === 401 || status === 403 ? '; check kv.token in CLUSTER_STORE_OPTS and its policy' : '';

const isUnsent = (reason: unknown): boolean =>
  hasCode(reason, 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN');
