/** One route of the admin socket. */
import type { Request, Response } from 'express';
import type * as z from 'zod';
import { ANSWERS_VERSION, type Exchange } from '../contract/exchange.js';
import type { AdminParts } from '../parts.js';

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** What it throws becomes the words of a refusal. */
  handle(req: Request, res: Response, agent: AdminParts): Promise<void>;
}

/** A route that answers once. What was asked is parsed before `work` sees it. */
export const answering = <Q extends z.ZodType, A extends z.ZodType>(
  { method, path, asked }: Exchange<Q, A>,
  work: (agent: AdminParts, asked: z.output<Q>) => z.output<A> | Promise<z.output<A>>,
): Route => ({
  method,
  path,
  handle: async (req, res, agent) => {
    const value = await work(agent, asked.parse(method === 'GET' ? req.query : (req.body ?? {})));
    res.json({ version: ANSWERS_VERSION, ...Object(value) });
  },
});
