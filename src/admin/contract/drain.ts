/** `POST /v1/node/drain`: this host takes no more containers, or takes them again. */
import * as z from 'zod';
import type { Exchange } from './exchange.js';

export const drainExchange = {
  method: 'POST',
  path: '/v1/node/drain',
  asked: z.object({ on: z.boolean() }),
  answer: z.object({ since: z.iso.datetime().nullable() }),
} as const satisfies Exchange;
