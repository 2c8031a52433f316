import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createNetServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Desk } from '../../../src/cli/frame/desk.js';
import { OwnSite } from '../../../src/cli/page/own-site.js';
import { Site } from '../../../src/overview/site.js';

let folder: string;
let desk: Desk;
let agent: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-site-'));
  const env = { CLUSTER_STORE: '', CLUSTER_ADVERTISE: '127.0.0.1', DATA_DIR: folder };
  desk = new Desk({ ...env, PLUGIN_SOCKETS: join(folder, 'tsoverlay.sock') }, () => {});
  mkdirSync(dirname(desk.adminSocket), { recursive: true });
});
afterEach(() => {
  agent?.close();
  rmSync(folder, { recursive: true });
});

const serve = (server: Server) =>
  new Promise<void>((resolve) => {
    agent = server.listen(desk.adminSocket, resolve);
  });

it('goes on beside one that hangs, and ends once one answers', async () => {
  await serve(createNetServer((caller) => void caller.on('error', () => {})));
  const ask = desk.ask.bind(desk);
  desk.ask = (exchange, asked) => ask(exchange, asked, 100);
  const own = new OwnSite(desk, 20);
  const site = await own.get();
  await sleep(300);
  expect(await own.get(), 'who hangs lets everybody in').toBe(site);
  agent?.close();
  await serve(createServer((_, res) => res.end('{"version":1}')));
  await expect.poll(() => own.get(), { timeout: 8_000 }).not.toBe(site);
});

it('is opened anew after it could not be: what was in the way may have gone', async () => {
  const open = desk.openStore.bind(desk);
  desk.openStore = () => Promise.reject(new Error('too many open files'));
  const own = new OwnSite(desk);
  await expect(own.get()).rejects.toThrow('too many open files');
  desk.openStore = open;
  expect(await own.get()).toBeInstanceOf(Site);
});
