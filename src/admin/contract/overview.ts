/** `GET /v1/overview`: all that the page shows, in one value. No token, label or option is in it. */
import * as z from 'zod';
import { type Exchange, NOTHING } from './exchange.js';
import { row } from './status.js';

const host = z.object({
  id: z.string().describe("the node's id"),
  address: z.string().describe('its address for the others, and its VTEP'),
  name: z.string(),
  alive: z.boolean().describe('whether it holds its session in the store'),
  mtu: z.int().describe('of its underlay, bytes'),
  encrypts: z.boolean().describe('it has a WireGuard key; without, nothing of an encrypted network is sent to it'),
  release: z.string().optional().describe('of tsoverlay there; absent of those before it was told'),
});

const network = z.object({
  id: z.string(),
  name: z.string().describe('empty until its host has announced it'),
  subnets: z.array(z.object({ pool: z.string(), gateway: z.string().nullable(), vni: z.int() })).readonly(),
  internal: z.boolean(),
  encrypted: z.boolean().describe('between hosts'),
  leaving: z.boolean().describe('it is being removed'),
});

/** A container's place on one network. */
const member = z.object({
  id: z.string().describe("the endpoint's id, its first 12 digits"),
  container: z.string().describe("the container's id, its first 12 digits; empty until its engine has told it"),
  names: z.array(z.string()).readonly().describe("the container's own first"),
  addresses: z.array(z.string()).readonly(),
  mac: z.string(),
  host: z.string().describe("the node's id"),
});

const trouble = z.object({ code: z.string(), what: z.string(), cure: z.string() });

/** From one host to another, as probes found it a moment ago. Without such a probe there is none. */
const edge = z.object({
  from: z.string().describe("a node's id"),
  to: z.string().describe("a node's id"),
  at: z.iso.datetime().describe('when it was probed'),
  reached: z.boolean(),
  rtt: z.number().nullable().describe('ms, there and back'),
  loss: z.number().nullable().describe('part of what was sent that did not arrive, 0 to 1'),
  mtu: z.int().nullable().describe('bytes that pass undivided'),
  planned: z.int().nullable().describe('bytes that ought to'),
  troubles: z.array(trouble).readonly().describe('what speaks against it, as tsoverlay ping has it'),
});

/** What another host says of itself: what doctor finds there. */
const word = z.object({
  host: z.string().describe("the node's id"),
  at: z.iso.datetime().describe('when it said so'),
  findings: z.array(trouble).readonly(),
});

const answer = z.object({
  at: z.iso.datetime(),
  self: z.string().describe('the id of the node that tells; empty where it is not known'),
  release: z.string(),
  confirmed: z.boolean().describe('all of it is from the store itself, not from a copy, and is complete'),
  hosts: z.array(host).readonly(),
  networks: z.array(network).readonly(),
  members: z.record(z.string(), z.array(member).readonly()).describe("by the network's id"),
  edges: z.array(edge).readonly(),
  findings: z.array(row).readonly().describe('what is not right on the host that tells'),
  words: z.array(word).readonly().describe('of the hosts that were asked a moment ago, and answered'),
});

export const overviewExchange = {
  ...{ method: 'GET', path: '/v1/overview', asked: NOTHING, answer },
} as const satisfies Exchange;

export type Overview = z.output<typeof answer>;
export type OverviewHost = z.output<typeof host>;
export type OverviewNetwork = z.output<typeof network>;
export type Member = z.output<typeof member>;
export type Edge = z.output<typeof edge>;
export type Word = z.output<typeof word>;
export type Finding = Overview['findings'][number];
