import { mkdtempSync, rmSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestPool } from '../../../src/api/protocol.js';
import { makeApp, serve } from '../../../src/api/server.js';

let folder: string;
let server: Server;
let retryable: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-server-'));
  retryable = 0;
  const routes = new Map([['IpamDriver.RequestPool', { handle: async (body: unknown) => requestPool.parse(body) }]]);
  const app = makeApp(routes as never, pino({ level: 'silent' }), () => retryable++);
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
