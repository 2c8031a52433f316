/** `GET /v1/status`: how the one that serves on this host is. */
import { z } from 'zod';
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
  /** What to do. */
  cure: z.string(),
});

const answer = z.object({
  agent: z.object({
    /** The node's id. */
    id: z.string(),
    /** Its address for the others. */
    address: z.string(),
    pid: z.int(),
    started: z.iso.datetime(),
  }),
  /** How many rows are ok, and how many others are left out. */
  ok: z.int(),
  more: z.int(),
  rows: z.array(row).readonly(),
});

export const statusExchange = { method: 'GET', path: '/v1/status', asked: NOTHING, answer } as const satisfies Exchange;

export type StatusRow = z.output<typeof row>;
export type AgentStatus = z.output<typeof answer>;
