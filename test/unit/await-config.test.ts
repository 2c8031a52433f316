import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { awaitConfig } from '../../src/await-config.js';
import { UserError } from '../../src/errors.js';

const { networkInterfaces } = os;
const have = (interfaces: typeof networkInterfaces): void => {
  os.networkInterfaces = interfaces;
  syncBuiltinESMExports();
};

const folder = mkdtempSync(join(os.tmpdir(), 'tsoverlay-patience-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => have(networkInterfaces));
const log = pino({ level: 'silent' });
const sockets = [join(folder, 'plain.sock'), join(folder, 'managed.sock')];
const env = { DATA_DIR: folder, CLUSTER_ADVERTISE: 'late0', PLUGIN_SOCKETS: sockets.join(',') };

const ask = (socketPath: string) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const call = request({ socketPath, path: '/Plugin.Activate', method: 'POST' }, (answer) => {
      let body = '';
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    });
    call.once('error', reject).end();
  });

it('is there, and says what it waits for, until the interface is', async () => {
  const config = awaitConfig(env, log);
  for (const socket of sockets) {
    await vi.waitFor(() => ask(socket));
    const { status, body } = await ask(socket);
    expect(status).toBe(500);
    expect(body).toContain('this host has no interface \\"late0\\"');
  }
  const lo = networkInterfaces().lo ?? [];
  have(() => ({ late0: lo }));
  expect((await config).advertise).toBe('127.0.0.1');
  for (const socket of sockets) await expect(ask(socket)).rejects.toThrow();
});

it('gives up at once for what no waiting puts right, and as a process', async () => {
  await expect(awaitConfig({ ...env, SCOPE: 'all' }, log)).rejects.toThrow('SCOPE is "all"');
  await expect(awaitConfig({ ...env, PLUGIN_SOCKETS: '' }, log)).rejects.toBeInstanceOf(UserError);
});
