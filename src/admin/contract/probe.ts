/** `POST /v1/probe`: probes other hosts through VXLAN, as `tsoverlay ping` shows it. */
import * as z from 'zod';
import { isNodeAddress } from '../../model/values/canonical.js';
import type { NodeAddress } from '../../model/values/types.js';
import type { Exchange } from './exchange.js';

/** Of one question: a probe takes some seconds, and several go out at once. */
export const MOST_PEERS = 32;

const peer = z
  .string()
  .refine((text) => isNodeAddress(text), { error: "not a host's address" })
  .transform((text) => text as NodeAddress);
const tally = z.object({ sent: z.int(), arrived: z.int() });

/** What was found out about the way to one host; sizes in bytes of IP packets inside the overlay. */
export const probed = z.discriminatedUnion('answered', [
  z.object({
    answered: z.literal(false),
    peer: z.string(),
    heard: z.boolean().optional().describe('that host has probed this one meanwhile, and what it sent has arrived'),
  }),
  z.object({
    answered: z.literal(true),
    peer: z.string(),
    roundTrip: z
      .object({ min: z.number(), median: z.number(), max: z.number() })
      .describe('between the agents of both hosts, ms'),
    there: tally,
    back: tally,
    mtu: z
      .object({ planned: z.int(), there: z.int(), back: z.int() })
      .describe('the largest packet that should pass uncut, and those that do; 0: none of any use'),
    cut: z.boolean().describe('packets of the planned size pass where they may be cut on their way'),
    checksum: z.object({ there: z.boolean(), back: z.boolean() }).describe('packets with a checksum pass'),
    segments: z.boolean().describe('packets that the card cuts out of larger pieces pass'),
  }),
]);

const answer = z.object({ port: z.int().describe('UDP, of VXLAN'), hosts: z.array(probed).readonly() });

export const probeExchange = {
  method: 'POST',
  path: '/v1/probe',
  asked: z.object({ peers: z.array(peer).min(1).max(MOST_PEERS) }),
  answer,
} as const satisfies Exchange;

export type ProbeAnswer = z.output<typeof answer>;
