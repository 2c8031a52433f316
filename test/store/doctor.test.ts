/** What doctor asks a real Consul: nothing is wrong with one that is well, and each right that a token lacks is named. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { lookAtConsul } from '../../src/doctor/looks/consul.js';
import { guidePolicy } from '../lab/guide.js';
import { ConsulAgent, freePort } from './consul-agent.js';

const MASTER = '11111111-2222-3333-4444-555555555555';
const ACLS = `acl { enabled = true default_policy = "deny" tokens { master = "${MASTER}" } }`;

let agent: ConsulAgent;
beforeAll(async () => {
  agent = await ConsulAgent.make(1, ACLS, MASTER);
  agent.start();
  await agent.leads();
});
afterAll(() => agent.remove());

async function make(path: string, body: object, shape: z.ZodType<string>): Promise<string> {
  const answer = await agent.request('PUT', path, JSON.stringify(body));
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return shape.parse(await answer.json());
}

let policies = 0;
async function tokenWith(rules: string): Promise<string> {
  const name = `doctor${policies++}`;
  const id = z.object({ ID: z.string() }).transform(({ ID }) => ID);
  const secret = z.object({ SecretID: z.string() }).transform(({ SecretID }) => SecretID);
  const policy = await make('/v1/acl/policy', { Name: name, Rules: rules }, id);
  return make('/v1/acl/token', { Policies: [{ ID: policy }] }, secret);
}

const look = async (token: string, port = agent.port) => {
  const [found] = await lookAtConsul({ servers: [{ host: '127.0.0.1', port }], prefix: 'tsoverlay/', token });
  if (found === undefined) throw new Error('no server');
  return found;
};
const keys = async () => (await agent.request('GET', '/v1/kv/?keys')).text();
const sessions = async () => (await (await agent.request('GET', '/v1/session/list')).json()) as readonly unknown[];

describe('rights', () => {
  it("are enough with the guide's policy, and looking leaves nothing behind", async () => {
    const before = await keys();
    const found = await look(await tokenWith(guidePolicy()));
    expect(found.away).toBeUndefined();
    expect(found.denied).toEqual([]);
    expect([found.times.length > 10, Math.abs(found.ahead ?? 99) <= 2]).toEqual([true, true]);
    expect([await keys(), await sessions()]).toEqual([before, []]);
  });

  it('that lack are named: sessions, one folder, all', async () => {
    const kv = 'key_prefix "tsoverlay/" { policy = "write" }';
    expect((await look(await tokenWith(kv))).denied).toEqual(['sessions']);
    const sessionRule = 'session_prefix "" { policy = "write" }';
    const noNodes = `${kv} key_prefix "tsoverlay/nodes/" { policy = "read" } ${sessionRule}`;
    expect((await look(await tokenWith(noNodes))).denied).toEqual(['tsoverlay/nodes/0.0.0.0']);
    const readOnly = `key_prefix "tsoverlay/" { policy = "read" } ${sessionRule}`;
    expect((await look(await tokenWith(readOnly))).denied).toHaveLength(12);
  });

  it('of a token that Consul does not know are none, which is told of the server', async () => {
    expect((await look('99999999-2222-3333-4444-555555555555')).away).toContain('refused the request');
  });
});

it('a server that is not there is told, with its address', async () => {
  const port = await freePort();
  expect(await look(MASTER, port)).toMatchObject({
    address: `127.0.0.1:${port}`,
    away: `Consul at 127.0.0.1:${port} cannot be reached (ECONNREFUSED)`,
  });
});

it('a server without a leader is told as such, though it takes its time to say so', async () => {
  const lone = await ConsulAgent.make(2);
  try {
    lone.start();
    await expect
      .poll(async () => (await look('', lone.port)).away, { timeout: 20_000 })
      .toBe(`Consul at 127.0.0.1:${lone.port} knows no leader`);
  } finally {
    await lone.remove();
  }
});
