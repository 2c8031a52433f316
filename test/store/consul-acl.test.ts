/** A real Consul with ACLs: what the guide's policy is enough for, who is refused how, and whether strangers can write. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { isStoreError } from '../../src/errors.js';
import type { Op } from '../../src/model/ports/ports.js';
import { keys } from '../../src/model/values/names.js';
import type { NetworkId, NodeId } from '../../src/model/values/types.js';
import { Identity } from '../../src/registry/nodes/identity.js';
import { ConsulStore } from '../../src/store/consul/consul.js';
import { type ExposureOptions, lookForExposure } from '../../src/store/consul/exposure.js';
import { formatHead, newRevision } from '../../src/store/records/heads.js';
import { UNREAD } from '../../src/store/records/left-out.js';
import { formatEndpoint } from '../../src/store/records/records.js';
import { VersionedStore } from '../../src/store/versioned.js';
import { ClusterView } from '../../src/store/view/cluster-view.js';
import { BLIND } from '../../src/store/view/removal-trust.js';
import { guidePolicy } from '../lab/guide.js';
import { heardRows } from '../unit/health/heard.js';
import { endpointOf } from '../unit/store/samples.js';
import { ConsulAgent } from './consul-agent.js';
import { Watching } from './watching.js';

const MASTER = '11111111-2222-3333-4444-555555555555';
const ANONYMOUS = '00000000-0000-0000-0000-000000000002';
const acls = (defaultPolicy: string) =>
  `acl { enabled = true default_policy = "${defaultPolicy}" tokens { master = "${MASTER}" } }`;
const created = z.object({ ID: z.string() });
const issued = z.object({ SecretID: z.string(), AccessorID: z.string() });
const RULES = guidePolicy()
  .split('\n')
  .filter((line) => line.trim() !== '');
const where = (agent: ConsulAgent) => ({
  servers: [{ host: '127.0.0.1', port: agent.port }],
  prefix: 'tsoverlay/',
});

const findExposed = async (options: ExposureOptions) =>
  [...(await lookForExposure(options)).values()].filter((exposure) => exposure !== undefined);

async function ask<T>(agent: ConsulAgent, shape: z.ZodType<T>, method: string, path: string, body: object): Promise<T> {
  const answer = await agent.request(method, path, JSON.stringify(body));
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return shape.parse(await answer.json());
}

let policies = 0;
async function makePolicy(agent: ConsulAgent, rules: string): Promise<string> {
  const policy = { Name: `p${policies++}`, Rules: rules };
  return (await ask(agent, created, 'PUT', '/v1/acl/policy', policy)).ID;
}

async function issue(agent: ConsulAgent, rules: string): Promise<z.infer<typeof issued>> {
  return ask(agent, issued, 'PUT', '/v1/acl/token', { Policies: [{ ID: await makePolicy(agent, rules) }] });
}

async function boot(settings: string, token = MASTER): Promise<ConsulAgent> {
  const agent = await ConsulAgent.make(1, settings, token);
  agent.start();
  await agent.leads();
  return agent;
}

describe('a Consul whose ACLs deny', () => {
  let agent: ConsulAgent;
  let folder: string;
  let file: string;
  const stores: ConsulStore[] = [];
  const open = (token: { token?: string; tokenFile?: string }) => {
    const store = new ConsulStore({ ...where(agent), ...token, sessionTtlSeconds: 10 });
    stores.push(store);
    return store;
  };
  beforeAll(async () => {
    agent = await boot(acls('deny'));
    folder = await mkdtemp(join(tmpdir(), 'tsoverlay-token-'));
  });
  beforeEach(() => {
    file = join(folder, 'token');
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(async () => {
    await agent.remove();
    await rm(folder, { recursive: true });
  });

  /** Everything that a Store can do. */
  const live = async (store: ConsulStore) => {
    await store.commit([{ verb: 'set', key: 'networks/a', value: '1' }]);
    expect(await store.get('networks/a')).toMatchObject({ value: '1' });
    expect(await store.keys('networks/')).toEqual(['networks/a']);
    const watching = new Watching(store, 'networks/');
    await watching.until((w) => w.content?.['networks/a'] === '1');
    watching.stop();
    const hold = await store.hold('nodes/a', '{"hostname":"one"}', () => {});
    await hold.write('{"hostname":"one","more":1}');
    expect(await store.get('nodes/a')).toMatchObject({ held: true });
    await hold.release();
    await store.commit([{ verb: 'deleteTree', prefix: '' }]);
    expect(await store.list('')).toMatchObject({ entries: [] });
  };

  it("is enough with the guide's policy for all that a store does", async () => {
    const { SecretID: token } = await issue(agent, guidePolicy());
    await live(open({ token }));
  });

  it.each(RULES)('is not enough without %s', async (rule) => {
    const { SecretID: token } = await issue(agent, RULES.filter((other) => other !== rule).join('\n'));
    const error = await live(open({ token })).catch((e: unknown) => e);
    expect(isStoreError(error) && error.message).toMatch(
      /refused the request \(\d+: Permission denied\); check kv\.token/,
    );
    expect(isStoreError(error) && error.retryable).toBe(false);
  });

  it("lets the guide's policy touch nothing else", async () => {
    const { SecretID: token } = await issue(agent, guidePolicy());
    const others = new ConsulStore({ ...where(agent), prefix: 'other/', token });
    stores.push(others);
    await expect(others.commit([{ verb: 'set', key: 'x', value: '' }])).rejects.toThrow('Permission denied');
    await expect(others.get('x')).rejects.toThrow('Permission denied');
  });

  it('refuses a transaction of a token that may only read, and says so: it is no lost race', async () => {
    const { SecretID: token } = await issue(agent, 'key_prefix "tsoverlay/" { policy = "read" }');
    const error = await open({ token })
      .commit([{ verb: 'create', key: 'a', value: '' }])
      .catch((e: unknown) => e);
    expect(isStoreError(error) && error.message).toContain('Permission denied); check kv.token');
  });

  it('takes the new token from the file when the old one is withdrawn, in the middle of a watch', async () => {
    const [old, next] = [await issue(agent, guidePolicy()), await issue(agent, guidePolicy())];
    await writeFile(file, `${old.SecretID}\n`, { mode: 0o600 });
    const store = open({ token: old.SecretID, tokenFile: file });
    const watching = new Watching(store, 'w/');
    await watching.until((w) => w.last !== undefined);
    await writeFile(file, `${next.SecretID}\n`);
    await agent.request('DELETE', `/v1/acl/token/${old.AccessorID}`);
    await store.commit([{ verb: 'set', key: 'w/1', value: 'x' }]);
    await watching.until((w) => w.content?.['w/1'] === 'x', 5_000);
    watching.stop();
    await store.commit([{ verb: 'delete', key: 'w/1' }]);
  });

  it('names the file whose token is refused, and one that is no secret any more', async () => {
    await writeFile(file, 'not-a-token-of-consul', { mode: 0o600 });
    const store = open({ token: 'not-a-token-of-consul', tokenFile: file });
    await expect(store.get('a')).rejects.toThrow(`check the token in ${file} (kv.tokenfile of CLUSTER_STORE_OPTS)`);
    await chmod(file, 0o644);
    const error = await store.get('a').catch((e: unknown) => e);
    expect(String(error)).toContain(`${file}, which others can read (mode 644); chmod 600 it`);
    expect(String(error)).not.toContain('not-a-token');
  });

  describe('with a part that the token may not read, which lists then lack without a word', () => {
    const network = 'a'.repeat(64) as NetworkId;
    const owner = '1'.repeat(16);
    const deny = (folder: string) => `${guidePolicy()}\nkey_prefix "tsoverlay/${folder}" { policy = "deny" }`;

    it.each(['nodes/', 'networks/', 'endpoints/', 'heads/', 'members/', 'pools/', 'addresses/'])(
      '%s: nothing is written, and the reason said',
      async (folder) => {
        const { SecretID: token } = await issue(agent, deny(folder));
        const store = new VersionedStore(open({ token }), '', '');
        expect(await store.keys(folder)).toEqual([]);
        const error = await store.check().catch((e: unknown) => e);
        expect(isStoreError(error) && error.message).toMatch(
          /refused the request \(403: Permission denied\); check kv\.token/,
        );
        await expect(store.commit([{ verb: 'set', key: 'names/a', value: '' }])).rejects.toThrow('403');
      },
    );

    it('what was seen before is not taken for gone, until it is', async () => {
      const { ID } = await ask(agent, created, 'PUT', '/v1/acl/policy', { Name: 'part', Rules: guidePolicy() });
      const grant = (Rules: string) => ask(agent, created, 'PUT', `/v1/acl/policy/${ID}`, { Name: 'part', Rules });
      const { SecretID: token } = await ask(agent, issued, 'PUT', '/v1/acl/token', { Policies: [{ ID }] });
      const [store, others] = [open({ token }), open({ token: MASTER })];
      const identity = new Identity(store, { cluster: undefined, rememberCluster: () => {} }, 4789);
      const memory = { cluster: await identity.read(), rememberCluster: () => {} };
      const known = new Identity(store, memory, 4789);
      const endpoint = { ...endpointOf(network, 'b'), node: owner as NodeId };
      const key = keys.endpoint(network, owner, endpoint.id);
      const touch = (op: Op) =>
        others.commit([
          op,
          { verb: 'deleteTree', prefix: keys.headsOf(network, owner) },
          { verb: 'create', key: keys.head(network, owner, newRevision()), value: formatHead([]) },
        ]);
      await touch({ verb: 'set', key, value: formatEndpoint(endpoint) });
      const { rows, all } = heardRows();
      const trust = { ...BLIND, isKnown: (lacking: readonly string[]) => known.isKnown(lacking) };
      const view = new ClusterView(store, UNREAD, trust, rows);
      const removals = () => all().find(({ code }) => code === 'store.removals');
      const stop = new AbortController();
      view.subscribe(network);
      view.start(stop.signal);
      await view.ready(5_000);
      await grant(deny('endpoints/'));
      await touch({ verb: 'set', key: 'names/other', value: '' });
      await vi.waitFor(() => expect(removals()?.state).toBe('failing'), 5_000);
      expect(removals()?.text).toContain('403: Permission denied');
      expect(view.current.endpoints.get(network)?.size).toBe(1);
      await grant(guidePolicy());
      await touch({ verb: 'delete', key });
      await vi.waitFor(() => expect(view.current.endpoints.get(network)?.size).toBe(0), 10_000);
      expect(removals()?.state).toBe('ok');
      stop.abort();
      await others.commit([{ verb: 'deleteTree', prefix: '' }]);
    });
  });

  it('is not exposed, until its anonymous token may write one kind of our keys', async () => {
    expect(await findExposed(where(agent))).toEqual([]);
    const grant = async (rules: string) => {
      const policy = await makePolicy(agent, rules);
      await ask(agent, z.object({}), 'PUT', `/v1/acl/token/${ANONYMOUS}`, { Policies: [{ ID: policy }] });
    };
    await grant('key_prefix "" { policy = "read" } key_prefix "other/" { policy = "write" }');
    expect(await findExposed(where(agent))).toEqual([]);
    await grant('key_prefix "tsoverlay/nodes/" { policy = "write" }');
    expect(await findExposed(where(agent))).toEqual([{ address: `127.0.0.1:${agent.port}`, acls: true }]);
    expect(await findExposed({ ...where(agent), prefix: 'elsewhere/tsoverlay/' })).toEqual([]);
    await grant('');
    expect(await findExposed(where(agent))).toEqual([]);
  });

  it('is exposed by a token that the agent gives to whoever has none', async () => {
    const { SecretID } = await issue(agent, 'key_prefix "tsoverlay/" { policy = "write" }');
    await agent.request('PUT', '/v1/agent/token/default', JSON.stringify({ Token: SecretID }));
    expect(await findExposed(where(agent))).toMatchObject([{ acls: true }]);
  });
});

it.each([
  ['no ACLs', '', false],
  ['ACLs that allow', acls('allow'), true],
])('a Consul with %s is exposed, and asking changes nothing', async (_, settings, on) => {
  const agent = await boot(settings);
  try {
    const before = await (await agent.request('GET', '/v1/kv/?recurse')).json();
    expect(await findExposed(where(agent))).toEqual([{ address: `127.0.0.1:${agent.port}`, acls: on }]);
    expect(await (await agent.request('GET', '/v1/kv/?recurse')).json()).toEqual(before);
  } finally {
    await agent.remove();
  }
});

it('a Consul that does not answer shows nothing', async () => {
  expect(await lookForExposure({ servers: [{ host: '127.0.0.1', port: 1 }], prefix: 'tsoverlay/' })).toEqual(new Map());
});
