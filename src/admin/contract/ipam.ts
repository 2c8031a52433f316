/** `POST /v1/ipam/release`: has this host free what nobody uses of its own, everywhere in the cluster, at once. */
import * as z from 'zod';
import { type Exchange, NOTHING } from './exchange.js';

export const releaseExchange = {
  method: 'POST',
  path: '/v1/ipam/release',
  asked: NOTHING,
  answer: z.object({}),
} as const satisfies Exchange;
