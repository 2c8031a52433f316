/** `GET /v1/dns?sandbox=…&name=…`: what tsoverlay itself would answer a container, and why. */
import * as z from 'zod';
import type { Exchange } from './exchange.js';

const zone = z.object({
  network: z.string().describe('its name; empty while that is not known'),
  linked: z.string().optional().describe('whom a link (--link) of the container leads to from the name'),
  addresses: z.array(z.string()).readonly().describe('of those who have the name there'),
});

const answer = z.object({
  serving: z.enum(['yes', 'not yet', 'no']).describe('whether the container has a resolver of tsoverlay'),
  zones: z.array(zone).readonly().describe("the container's networks, in the order in which they are asked"),
  answers: z.array(z.string()).readonly().nullable().describe("addresses; null: the name is the engine's to answer"),
});

export const dnsExchange = {
  method: 'GET',
  path: '/v1/dns',
  asked: z.object({ sandbox: z.string().max(4096), name: z.string().max(255) }),
  answer,
} as const satisfies Exchange;

export type DnsAnswer = z.output<typeof answer>;
