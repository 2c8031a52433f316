/** `GET /v1/differences`: what in the kernel is not as it is planned at this moment. It takes some seconds. */
import * as z from 'zod';
import { type Exchange, NOTHING } from './exchange.js';

const difference = z.object({
  where: z.string().describe("a network's id, or host"),
  about: z.enum(['entry', 'device']).describe('entry: of neighbours or FDBs'),
  what: z.string(),
});

const answer = z.object({
  found: z.array(difference).readonly(),
  more: z.int().describe('that are left out'),
  unseen: z.int().describe('networks that could not be looked at, or not in time'),
});

export const differencesExchange = {
  ...{ method: 'GET', path: '/v1/differences', asked: NOTHING, answer },
} as const satisfies Exchange;
