import { mkdtempSync, rmSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestPool } from '../../../src/api/protocol.js';
import { makeApp, makeRefusal, serve } from '../../../src/api/server.js';
import { troubleLines } from '../../../src/cli/troubles.js';

let folder: string;
let server: Server;
let retryable: number;
let troubles: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-server-'));
  retryable = 0;
  const routes = new Map([['IpamDriver.RequestPool', { handle: async (body: unknown) => requestPool.parse(body) }]]);
  troubles = [];
  const app = makeApp(
    routes as never,
    pino({ level: 'silent' }),
    () => retryable++,
    () => troubles,
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
    expect(await troubleLines(path())).toEqual([]);
    troubles = ['Consul at 10.0.0.60:8500 answered 429: Too Many Requests', 'more'];
    expect(await troubleLines(path())).toEqual(troubles.map((words) => `warning: ${words}`));
  });

  it('has an answer where nobody serves, or something else does', async () => {
    const none = [`tsoverlay does not serve on this host: nobody answers at ${path()}`];
    server.close();
    expect(await troubleLines(path())).toEqual(none);
    server = await serve(makeRefusal('not yet'), path());
    expect(await troubleLines(path())).toEqual(none);
  });

  it('waits two seconds at most', async () => {
    server.close();
    server = await serve((() => {}) as never, path());
    const start = performance.now();
    expect(await troubleLines(path())).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(3_000);
    server.closeAllConnections();
  });
});
