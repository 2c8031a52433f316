/** The mesh that encrypts, as a host has it, in `GET /v1/status`; and `POST /v1/key/rotate`: another key. */
import * as z from 'zod';
import { type Exchange, NOTHING } from './exchange.js';

const key = z.object({ key: z.string(), port: z.int().describe('UDP') });

const peer = z.object({
  address: z.string(),
  alive: z.boolean(),
  hasKey: z.boolean().describe('false: it cannot encrypt, and nothing of an encrypted network is sent to it'),
  handshake: z.number().optional().describe('the last one, ms since 1970'),
  talks: z.boolean().describe('what was agreed on then is still of use'),
});

export const encryption = z.object({
  mode: z.enum(['off', 'on', 'required']).describe('ENCRYPTION'),
  rotationMs: z.number().describe('how old a key gets; 0: as old as it likes'),
  isUp: z.boolean().describe('a network of the cluster is encrypted, and this host has a mesh for it'),
  keys: z.array(key).readonly().describe('public ones of this host, the newest last'),
  made: z.number().describe('when the newest was made, ms since 1970'),
  waiting: z.array(z.string()).readonly().describe('hosts that do not use the newest yet'),
  peers: z.array(peer).readonly(),
});

export const rotateExchange = {
  ...{ method: 'POST', path: '/v1/key/rotate', asked: NOTHING },
  answer: z.object({ key: z.string().describe('the new one, public') }),
} as const satisfies Exchange;

export type Encryption = z.output<typeof encryption>;
