import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { differencesExchange } from '../../../src/admin/contract/differences.js';
import { rotateExchange } from '../../../src/admin/contract/encryption.js';
import { type Exchange, NOTHING } from '../../../src/admin/contract/exchange.js';
import { releaseExchange } from '../../../src/admin/contract/ipam.js';
import { probeExchange } from '../../../src/admin/contract/probe.js';
import { statusExchange } from '../../../src/admin/contract/status.js';
import type { AdminParts } from '../../../src/admin/parts.js';
import { makeAdminApp } from '../../../src/admin/serving/app.js';
import { keepPresence } from '../../../src/admin/serving/presence.js';
import { makeRefusal, serve } from '../../../src/api/server.js';
import { askAgent, isAway } from '../../../src/cli/frame/agent-client.js';
import { Desk } from '../../../src/cli/frame/desk.js';
import { mattering, rowLines } from '../../../src/cli/rows.js';
import { UserError } from '../../../src/errors.js';
import type { MeshReport } from '../../../src/model/crypt/report.js';
import type { NodeAddress, NodeId, PublicKey } from '../../../src/model/values/types.js';
import { FakeStore } from '../../fakes/store.js';
import { heardRows } from '../health/heard.js';

const NOTHING_KNOWN = {
  ...{ nodes: new Map(), networks: new Map(), endpoints: new Map(), unreadable: new Set<never>() },
  complete: true,
};

const NO_MESH: MeshReport = {
  ...{ mode: 'off', rotationMs: 0, isUp: false, keys: [], made: 0, waiting: [], peers: [] },
};

let folder: string;
let server: Server;
let heard: ReturnType<typeof heardRows>;
let agent: AdminParts | undefined;
let swept: number[];
/** The key that a rotation gives. */
let inUse: PublicKey | undefined;
const socket = () => join(folder, 'tsoverlay/admin.sock');
const log = pino({ level: 'silent' });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-admin-'));
  heard = heardRows(() => 5_000);
  swept = [];
  agent = {
    self: '0123456789abcdef' as NodeId,
    address: '10.0.0.60' as NodeAddress,
    started: new Date(7_000),
    rows: heard.rows,
    servers: ['10.0.0.60:8500'],
    port: 4789,
    probes: {
      probe: async (peers) => peers.map((peer) => ({ answered: false, peer })),
      hear: async () => ({ findings: [], fine: [], unknown: {} }),
    },
    pulse: { last: { at: new Date(8_000), ms: 2 } },
    view: { confirmed: true, current: NOTHING_KNOWN },
    tenure: { holds: true, refusal: undefined, session: { report: { ageMs: 9_000, lost: 1 } } },
    inspection: { look: async () => ({ found: [], more: 0, unseen: 2 }) },
    ending: new AbortController().signal,
    store: new FakeStore(),
    dns: { ready: async () => true },
    sandboxes: { zonesOf: () => undefined },
    drain: { begin: () => {}, end: () => {}, since: undefined },
    metrics: {
      page: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      readiness: { status: 'starting', codes: ['store.news'] },
    },
    containers: { sweep: async (ms) => void swept.push(ms) },
    crypt: {
      report: () => NO_MESH,
      rotate: () => {
        if (inUse === undefined) throw new UserError('this host has no key in use');
        return inUse;
      },
    },
  };
  server = await serve(
    makeAdminApp(() => agent, log),
    socket(),
  );
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

const status = (patienceMs?: number) => askAgent(socket(), statusExchange, {}, patienceMs);

describe('the admin socket', () => {
  it('probes the hosts that are named, each once, and takes nothing else for a host', async () => {
    // What a busy machine may take is not the test's to say.
    const probe = (peers: string[]) => askAgent(socket(), probeExchange, { peers }, 15_000);
    const peers = ['10.0.0.61', '10.0.0.62', '10.0.0.61'];
    expect(await probe(peers)).toMatchObject({
      port: 4789,
      hosts: ['10.0.0.61', '10.0.0.62'].map((peer) => ({ answered: false, peer })),
    });
    for (const bad of ['127.0.0.1', '010.0.0.1', 'docker02', '10.0.0.61; rm'])
      await expect(probe([bad])).rejects.toThrow("not a host's address");
    await expect(probe([])).rejects.toThrow('what was asked cannot be read');
  });

  it('is for root alone', () => {
    expect(statSync(socket()).mode & 0o777).toBe(0o600);
  });

  it('says who serves, and what hinders that one, with the cure', async () => {
    expect((await status()).rows).toEqual([]);
    const { rows } = heard;
    rows.of('store.news').row('10.0.0.60:8500').failing({ reason: 'Consul answered 429', refused: false });
    rows.of('host.network').row('1-abc').failing({ reason: 'EBUSY' });
    rows.of('guard.vxlan').row().pending();
    rows.of('store.watch').row('nodes/').failing({ reason: 'said elsewhere, too' });
    rows.of('node.record').row().ok();
    const told = await status();
    expect(told).toMatchObject({
      agent: {
        ...{ id: '0123456789abcdef', address: '10.0.0.60', pid: process.pid, key: 'held' },
        session: { ageMs: 9_000, lost: 1 },
      },
      store: { servers: ['10.0.0.60:8500'], answered: '1970-01-01T00:00:08.000Z', ms: 2, confirmed: true },
      ok: 1,
      more: 0,
    });
    const lines = rowLines(mattering(told.rows));
    expect(lines.filter((line) => /^ {2}cure: \S/.test(line))).toHaveLength(3);
    const since = 'since 1970-01-01T00:00:05Z';
    expect(lines.filter((line) => !line.startsWith('  cure: '))).toEqual([
      `warning: the namespace could not be made right: EBUSY (host.network, ${since})`,
      `not yet: the guard of VXLAN's port is not ready yet (guard.vxlan, ${since})`,
      `warning: when this host last asked for news, Consul answered 429 (store.news, ${since})`,
    ]);
  });

  it('gives the host another key, or says why not', async () => {
    expect((await status()).encryption).toEqual(NO_MESH);
    await expect(askAgent(socket(), rotateExchange, {})).rejects.toThrow('this host has no key in use');
    inUse = 'new' as PublicKey;
    expect(await askAgent(socket(), rotateExchange, {})).toMatchObject({ key: 'new' });
  });

  it('is bounded, however much is wrong', async () => {
    for (let i = 0; i < 1_000; i++)
      heard.rows
        .of('engine.network')
        .row(`${i}`)
        .failing({ step: 'announce', reason: 'x'.repeat(2_000) });
    const { rows, more } = await status();
    expect(rowLines(rows, more).at(-1)).toBe('warning: and 800 more; the log has them');
    expect(rows).toHaveLength(200);
  });

  it('refuses in one sentence while there is no agent, and what it does not know', async () => {
    agent = undefined;
    await expect(status()).rejects.toThrow('tsoverlay is starting on this host; ask again');
    const other: Exchange = { ...statusExchange, path: '/v1/nothing' };
    await expect(askAgent(socket(), other, {})).rejects.toThrow('there is nothing at GET /v1/nothing');
  });

  it('says what is not as planned', async () => {
    expect(await askAgent(socket(), differencesExchange, {})).toMatchObject({ found: [], more: 0, unseen: 2 });
  });

  it('has this host free what nobody uses, unless it is to leave all alone', async () => {
    expect(await askAgent(socket(), releaseExchange, {})).toEqual({});
    expect(swept).toEqual([4_000]);
    if (agent !== undefined) agent = { ...agent, tenure: { ...agent.tenure, refusal: new UserError('it is taken') } };
    await expect(askAgent(socket(), releaseExchange, {})).rejects.toThrow('it is taken');
  });

  it('of another release is named as such', async () => {
    const answer = z.object({ more: z.string() });
    const newer = { method: 'GET', path: '/v1/status', asked: NOTHING, answer } as const;
    await expect(askAgent(socket(), newer, {})).rejects.toThrow('is of another release');
  });
});

describe('where nobody serves as we do', () => {
  const reason = (patienceMs?: number) =>
    status(patienceMs).then(
      () => 'answered',
      (e: unknown) => (isAway(e) ? 'away' : String(e)),
    );

  it('nobody does, or something else', async () => {
    server.close();
    expect(await reason()).toBe('away');
    server = await serve(makeRefusal('not yet'), socket());
    expect(await reason()).toBe('away');
  });

  it('it is waited for a while', async () => {
    server.close();
    server = await serve((() => {}) as never, socket());
    const start = performance.now();
    expect(await reason(300)).toBe('away');
    const waited = performance.now() - start;
    expect([waited > 250, waited < 2_000]).toEqual([true, true]);
  });
});

describe('when the one that served was last alive', () => {
  const desk = () => new Desk({ PLUGIN_SOCKETS: join(folder, 'plugins/tsoverlay.sock'), DATA_DIR: folder }, () => {});

  it('is said as long as the host runs', async () => {
    const nobody = `tsoverlay does not serve on this host: nobody answers at ${folder}/plugins/tsoverlay.sock`;
    expect(await desk().away()).toBe(`${nobody}; it has not since this host has booted`);
    const leave = keepPresence(socket(), folder, { CLUSTER_STORE: 'consul://a:1' });
    const file = join(folder, 'tsoverlay/agent.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      ...{ version: 1, pid: process.pid },
      settings: { CLUSTER_STORE: 'consul://a:1' },
    });
    expect(desk().settings.consul?.servers).toEqual([{ host: 'a', port: 1 }]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // As after a boot.
    renameSync(file, `${file}.away`);
    expect(desk().settings.consul?.servers).toEqual([{ host: 'a', port: 1 }]);
    renameSync(`${file}.away`, file);
    utimesSync(file, 60, 60);
    expect(await desk().away()).toBe(`${nobody}; it did until 1970-01-01T00:01:00Z`);
    rmSync(file);
    leave();
    expect(existsSync(file)).toBe(false);
  });

  it('is beside the point while the engine is served', async () => {
    const other = await serve(makeRefusal('not yet'), join(folder, 'plugins/tsoverlay.sock'));
    expect(await desk().away()).toContain(`serves the engine on this host, but does not answer at ${socket()}`);
    other.close();
  });
});

describe('metrics and health', () => {
  const get = (path: string): Promise<readonly [number | undefined, string]> =>
    new Promise((resolve, reject) => {
      const asked = request({ socketPath: socket(), path, agent: false }, async (answer) => {
        let text = '';
        for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
        resolve([answer.statusCode, text]);
      });
      asked.on('error', reject).end();
    });

  it('are there as at METRICS_ADDR', async () => {
    expect(await get('/metrics')).toEqual([200, 'up 1\n']);
    expect(await get('/livez')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([503, '{"status":"starting","codes":["store.news"]}\n']);
  });
});
