/** What came back from one request to Consul, read once: an answer to act on, or a StoreError that says why not. */
import * as z from 'zod';
import { hasCode, isStoreError, messageOf, StoreError } from '../../errors.js';
import { MAX_ANSWER, TooLargeError } from './client.js';
import type { ConsulToken } from './token.js';

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
  isResponse: z.literal(true).optional(),
  response: response.optional(),
});

/** What was rejected with; an answer only if it came whole, for the client adds the half ones to other errors. */
function readRejection(reason: unknown) {
  const { isTimeout, isResponse, response: res } = rejected.catch({}).parse(reason);
  return { isTimeout, res: isResponse ? res : undefined };
}

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

/** Between quotes where it came as plain text. */
const leader = z.string().regex(/^"?([^\s"<>]+:\d+)?"?$/);

/** The leader's address. Throws a StoreError when there is none, or something else answered. */
export function readLeader(answer: Answer): string {
  const found = readBody(answer, leader).replaceAll('"', '');
  if (found !== '') return found;
  throw new StoreError(`Consul at ${answer.address} knows of no leader`, true);
}

/** What was made of an answer; a failure when it is none of Consul's: a proxy answers 200 in its place, too. */
export function readWith<T>(outcome: Answer | Failure, read: (answer: Answer) => T): { readonly found: T } | Failure {
  if ('error' in outcome) return outcome;
  try {
    return { found: read(outcome) };
  } catch (e) {
    return { error: isStoreError(e) ? e : new StoreError(messageOf(e), true, { cause: e }), unsent: false };
  }
}

/** Its items are looked at one by one. */
const list = z.custom<readonly unknown[]>(Array.isArray);

/** The same for a list; ends at the first item of another shape, for there may be millions. */
export function readList<T>(answer: Answer, shape: z.ZodType<T>): T[] {
  return readBody(answer, list).map((body) => {
    const item = shape.safeParse(body);
    return item.success ? item.data : readBody({ ...answer, body }, shape);
  });
}

const isAnswer = (status: number): boolean => status < 300 || status === 404 || status === 409;

/** 429 is the agent's limit of connections per client address (`limits.http_max_conns_per_client`). */
const passes = (status: number): boolean => status >= 500 || status === 429;

/** Words of a 500 that is no defect: servers without a leader, or out of reach of the agent that we ask. */
const AWAY = /leader|no known consul servers|no path to|rpc error|connection re|eof|time-?out|shutting down/i;

/** Whether the next one will be answered the same: a refusal, too many connections, a defect. */
const doesPersist = (status: number, line: string): boolean =>
  status === 500 ? !AWAY.test(line) : status < 500 || status === 429;

/** What an operation of a transaction failed of; Consul has no code for it. */
const operations = z.object({ Errors: z.array(z.object({ OpIndex: z.number(), What: z.string() })) });
const DENIED = 'Permission denied';

/** The operations of a transaction that the token may not do, counted from 0. Consul answers 409, as for a condition. */
export const deniedIn = (answer: Pick<Answer, 'status' | 'body'>): readonly number[] =>
  answer.status === 409
    ? operations
        .catch({ Errors: [] })
        .parse(answer.body)
        .Errors.filter((e) => e.What.startsWith(DENIED))
        .map((e) => e.OpIndex)
    : [];

/** Whether a call of the client rejected because the token is unknown or may not do this. */
export function isRefusal(reason: unknown): boolean {
  const { res } = readRejection(reason);
  if (res === undefined) return false;
  return res.statusCode === 401 || res.statusCode === 403 || deniedIn(toAnswer(res, '')).length > 0;
}

/** Reads what a call of the client rejected with. `timeoutMs` is the one that the call had. */
export function rejectionOf(
  reason: unknown,
  address: string,
  timeoutMs: number,
  token: ConsulToken,
  takesDenial: boolean,
): Answer | Failure {
  const { isTimeout, res } = readRejection(reason);
  // Not the reason itself: it carries the request with its headers, and a crash would print them.
  const told = (text: string, retryable: boolean) =>
    new StoreError(token.redact(text), retryable, {
      cause: new Error(token.redact(messageOf(reason))),
      ...(res && { status: res.statusCode, persists: doesPersist(res.statusCode, lineOf(res.body)) }),
    });
  if (res && isAnswer(res.statusCode) && (takesDenial || !isRefusal(reason))) return toAnswer(res, address);
  if (res) {
    const detail = `${res.statusCode}: ${lineOf(res.body)}`;
    const error = passes(res.statusCode)
      ? told(`Consul at ${address} answered ${detail}`, true)
      : told(
          `Consul at ${address} refused the request (${detail})${isRefusal(reason) ? `; ${token.cure}` : ''}`,
          false,
        );
    return { error, unsent: false };
  }
  if (reason instanceof TooLargeError)
    return { error: told(`Consul at ${address} answered with more than ${MAX_ANSWER >> 20} MB`, true), unsent: false };
  const why = isTimeout
    ? `did not answer within ${timeoutMs / 1000} s`
    : `cannot be reached (${reason instanceof Error && 'code' in reason ? String(reason.code) : messageOf(reason)})`;
  return { error: told(`Consul at ${address} ${why}`, true), unsent: isUnsent(reason) };
}

const LINE = 200;

/** The reason in an answer as one short line of plain characters: it ends up in logs and on terminals. */
function lineOf(body: unknown): string {
  const [denied] = operations.catch({ Errors: [] }).parse(body).Errors;
  const text = denied?.What ?? (typeof body === 'object' && !Buffer.isBuffer(body) ? '' : String(body ?? ''));
  return (
    text
      .slice(0, LINE)
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim() || 'no reason given'
  );
}

const isUnsent = (reason: unknown): boolean =>
  hasCode(reason, 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN');
