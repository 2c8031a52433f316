/** What can be asked at the admin socket: HTTP with JSON, each answer with the version of them all. */
import * as z from 'zod';

/** Raised when a field goes or means something else; a further field changes nothing. */
export const ANSWERS_VERSION = 1;

/** One question. `asked`: of the query string (GET, so texts) or of the body (POST); `answer`: without the version. */
export interface Exchange<Q extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST';
  readonly path: `/v1/${string}`;
  readonly asked: Q;
  readonly answer: A;
}

/** What is answered with any status but 200. */
export const refusal = z.object({ error: z.string() });

/** For questions that say nothing but what they are about. */
export const NOTHING = z.object({});
