/** `GET /v1/status`: how the one that serves on this host is. */
import * as z from 'zod';
import { encryption } from './encryption.js';
import { type Exchange, NOTHING } from './exchange.js';

/** A status row that is not ok; docs/messages.md has the codes. */
export const row = z.object({
  code: z.string(),
  subject: z.string(),
  state: z.enum(['pending', 'failing', 'degraded']),
  severity: z.enum(['high', 'medium', 'low']),
  since: z.iso.datetime(),
  attempts: z.int(),
  text: z.string(),
  cure: z.string().describe('what to do'),
});

const agent = z.object({
  id: z.string().describe("the node's id"),
  address: z.string().describe('its address for the others'),
  pid: z.int(),
  started: z.iso.datetime(),
  key: z.enum(['held', 'not yet', 'refused']).describe('whether it holds its node key; without, it changes nothing'),
  session: z.object({
    ageMs: z.number().optional().describe('of the session that holds the key; absent before the first'),
    lost: z.int().describe('sessions within the last ten minutes'),
  }),
});

const store = z.object({
  servers: z.array(z.string()).readonly().describe("Consul's, as CLUSTER_STORE names them; none: the embedded store"),
  answered: z.iso.datetime().nullable().describe('when it last answered the one that serves'),
  ms: z.number().nullable().describe('how long that took, where it was no wait for news'),
  confirmed: z
    .boolean()
    .describe('all that this host knows of the cluster is from the store itself, not from its copy'),
});

const answer = z.object({
  agent,
  store,
  ok: z.int().describe('rows that are ok'),
  more: z.int().describe('rows that are not ok and left out'),
  rows: z.array(row).readonly(),
  encryption,
});

export const statusExchange = { method: 'GET', path: '/v1/status', asked: NOTHING, answer } as const satisfies Exchange;

export type StatusRow = z.output<typeof row>;
export type AgentStatus = z.output<typeof answer>;
