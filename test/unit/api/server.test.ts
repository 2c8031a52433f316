import { mkdtempSync, rmSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestPool } from '../../../src/api/protocol.js';
import { makeApp, makeRefusal, serve } from '../../../src/api/server.js';
import { rowLines } from '../../../src/cli/rows.js';
import { briefOf } from '../../../src/health/brief.js';
import { heardRows } from '../health/heard.js';

let folder: string;
let server: Server;
let retryable: number;
let heard: ReturnType<typeof heardRows>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-server-'));
  retryable = 0;
  const routes = new Map([['IpamDriver.RequestPool', { handle: async (body: unknown) => requestPool.parse(body) }]]);
  heard = heardRows(() => 5_000);
  const app = makeApp(
    routes as never,
    pino({ level: 'silent' }),
    () => retryable++,
    () => briefOf(heard.rows.snapshot),
  );
  server = await serve(app, join(folder, 'x.sock'));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const call = (content: string): Promise<{ status: number | undefined; Err?: string }> =>
  new Promise((resolve, reject) => {
    const options = { socketPath: join(folder, 'x.sock'), path: '/IpamDriver.RequestPool', method: 'POST' };
    const asked = request({ ...options, agent: false }, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
      resolve({ status: answer.statusCode, ...(JSON.parse(text) as { Err?: string }) });
    });
    asked.on('error', reject);
    asked.end(content);
  });

describe('a call', () => {
  it('without its content was cut off before: it is said so, and may go through later', async () => {
    const words = 'tsoverlay: this call was cut off by a restart of tsoverlay; try again';
    expect(await call('')).toMatchObject({ status: 500, Err: words, Error: words });
    expect(retryable).toBe(1);
  });

  it('with content that lacks something is refused for good', async () => {
    expect((await call('{}')).Err).toContain('cannot read: AddressSpace');
    expect(retryable).toBe(0);
    expect(await call('{"AddressSpace":"tsoverlay"}')).toMatchObject({ status: 200, Pool: '' });
  });
});

describe('what tsoverlay status asks of the one that serves', () => {
  const path = () => join(folder, 'x.sock');

  it('is what hinders it at the moment', async () => {
    expect(await rowLines(path())).toEqual([]);
    const { rows } = heard;
    rows.of('store.news').row('10.0.0.60:8500').failing({ reason: 'Consul answered 429', refused: false });
    rows.of('host.network').row('1-abc').failing({ reason: 'EBUSY' });
    rows.of('guard.vxlan').row().pending();
    rows.of('store.watch').row('nodes/').failing({ reason: 'said elsewhere, too' });
    rows.of('node.record').row().ok();
    const since = 'since 1970-01-01T00:00:05Z';
    expect(await rowLines(path())).toEqual([
      `warning: the namespace could not be made right: EBUSY (host.network, ${since})`,
      `not yet: the guard of VXLAN's port is not ready yet (guard.vxlan, ${since})`,
      `warning: when this host last asked for news, Consul answered 429 (store.news, ${since})`,
    ]);
  });

  it('is bounded, however much is wrong', async () => {
    for (let i = 0; i < 1_000; i++)
      heard.rows
        .of('engine.network')
        .row(`${i}`)
        .failing({ step: 'announce', reason: 'x'.repeat(2_000) });
    const lines = await rowLines(path());
    expect([lines.length, lines.at(-1)]).toEqual([201, 'warning: and 800 more; the log has them']);
  });

  it('has an answer where nobody serves, or something else does', async () => {
    const none = [`tsoverlay does not serve on this host: nobody answers at ${path()}`];
    server.close();
    expect(await rowLines(path())).toEqual(none);
    server = await serve(makeRefusal('not yet'), path());
    expect(await rowLines(path())).toEqual(none);
  });

  it('waits two seconds at most', async () => {
    server.close();
    server = await serve((() => {}) as never, path());
    const start = performance.now();
    expect(await rowLines(path())).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(3_000);
    server.closeAllConnections();
  });
});
