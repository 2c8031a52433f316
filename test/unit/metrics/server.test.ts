import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Readiness } from '../../../src/metrics/readiness.js';
import { MetricsServer } from '../../../src/metrics/server.js';
import { heardRows } from '../health/heard.js';

let server: MetricsServer | undefined;
afterEach(() => server?.stop());

let readiness: Readiness = { status: 'ready', codes: [] };
const metrics = {
  count: async () => {},
  page: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
  get readiness() {
    return readiness;
  },
};

/** A port that nobody has. */
async function freePort(): Promise<number> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await new Promise((resolve) => other.close(resolve));
  return port;
}

interface Told {
  readonly status: number | undefined;
  readonly text: string;
}

const ask = (port: number, path: string, { method = 'GET', host = `127.0.0.1:${port}` } = {}): Promise<Told> =>
  new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, agent: false, headers: { host } },
      async (answer) => {
        let text = '';
        for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
        resolve({ status: answer.statusCode, text });
      },
    );
    asked.on('error', reject).end();
  });

async function serving(): Promise<number> {
  const { rows, all } = heardRows();
  const port = await freePort();
  server = new MetricsServer(metrics, { host: '127.0.0.1', port }, rows.of('agent.metrics').row());
  server.start();
  while (all().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  return port;
}

it('answers metrics and health, and nothing else', async () => {
  const port = await serving();
  expect(await ask(port, '/metrics')).toEqual({ status: 200, text: 'up 1\n' });
  expect(await ask(port, '/metrics?x=1')).toMatchObject({ status: 200 });
  expect(await ask(port, '/livez')).toEqual({ status: 200, text: 'ok\n' });
  expect(await ask(port, '/livez', { method: 'HEAD' })).toEqual({ status: 200, text: '' });
  expect(await ask(port, '/readyz')).toEqual({ status: 200, text: '{"status":"ready","codes":[]}\n' });
  readiness = { status: 'starting', codes: ['store.news'] };
  expect(await ask(port, '/readyz')).toMatchObject({ status: 503 });
  readiness = { status: 'degraded', codes: ['store.news'] };
  expect(await ask(port, '/readyz')).toMatchObject({ status: 200 });
  expect(await ask(port, '/metrics', { method: 'POST' })).toMatchObject({ status: 405 });
  for (const path of ['/', '/metrics/', '/../metrics', '/v1/status']) expect((await ask(port, path)).status).toBe(404);
});

it('on loopback answers only who asks by loopback', async () => {
  const port = await serving();
  for (const host of [`localhost:${port}`, 'LOCALHOST', '[::1]:1', '127.0.0.9'])
    expect((await ask(port, '/livez', { host })).status, host).toBe(200);
  for (const host of [
    'evil.example',
    `127.0.0.1.evil.example:${port}`,
    'localhost.evil',
    '10.0.0.60',
    '[::2]',
    '0.0.0.0',
  ])
    expect((await ask(port, '/metrics', { host })).status, host).toBe(421);
});

it('tries on while another has the port, and says so', async () => {
  const port = await freePort();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const { rows, all, troubles } = heardRows();
  server = new MetricsServer(metrics, { host: '127.0.0.1', port }, rows.of('agent.metrics').row());
  server.start();
  while (troubles()[0] !== 'agent.metrics failing') await new Promise((resolve) => setTimeout(resolve, 5));
  expect(all()[0]?.text).toContain('EADDRINUSE');
  await new Promise((resolve) => other.close(resolve));
  while (all().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await ask(port, '/livez')).status).toBe(200);
});

it('has few connections, and lets none of them wait for ever', async () => {
  const port = await serving();
  const sockets = Array.from({ length: 60 }, () => connect(port, '127.0.0.1'));
  const closed = await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<boolean>((resolve) => {
          socket.on('error', () => {}).once('close', () => resolve(true));
          setTimeout(() => resolve(false), 1_000);
        }),
    ),
  );
  expect(closed.filter((isClosed) => !isClosed)).toHaveLength(32);
  for (const socket of sockets) socket.destroy();
});
