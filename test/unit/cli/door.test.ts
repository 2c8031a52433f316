import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Door } from '../../../src/cli/page/door.js';
import type { Site } from '../../../src/overview/site.js';
import { asked, textOf } from '../overview/scene.js';

let folder: string;
let agent: Server | undefined;
let door: Door;
const socket = () => join(folder, 'admin.sock');
const own = {
  serveOverview: async (res: { end(text: string): void }) => res.end('own'),
} as unknown as Site;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-door-'));
  door = await open();
});
const open = (headMs = 20_000, quietMs = 20_000) =>
  Door.open({ port: 0, adminSocket: socket(), ownSite: async () => own, patience: { headMs, quietMs } });

afterEach(() => {
  door.close();
  agent?.close();
  agent?.closeAllConnections();
  agent = undefined;
  rmSync(folder, { recursive: true });
});

const serveAgent = (heard: IncomingMessage[] = []) =>
  new Promise<void>((resolve) => {
    agent = createServer((req, res) => {
      heard.push(req);
      res.writeHead(200, { 'x-frame-options': 'DENY' }).end(`agent ${req.url}`);
    }).listen(socket(), resolve);
  });

const at = (path: string) => {
  const url = new URL(door.url);
  return [Number(url.port), `${url.pathname}${path}`] as const;
};

it('passes on to the one that serves, as a program of this host', async () => {
  const heard: IncomingMessage[] = [];
  await serveAgent(heard);
  const answer = await asked(...at('v1/overview'), { cookie: 'mine', 'accept-language': 'xx' });
  expect([await textOf(answer), answer.headers['x-frame-options']]).toEqual(['agent /v1/overview', 'DENY']);
  expect(await textOf(await asked(...at('')))).toBe('agent /');
  expect(heard.map(({ headers }) => Object.keys(headers).sort())).toEqual([
    ['connection', 'host'],
    ['connection', 'host'],
  ]);
});

it('answers by itself while nobody serves', async () => {
  expect(await textOf(await asked(...at('v1/overview')))).toBe('own');
  await serveAgent();
  expect(await textOf(await asked(...at('v1/overview')))).toBe('agent /v1/overview');
});

it('answers by itself while the one that serves hangs', async () => {
  door.close();
  door = await open(100);
  const hanging = createNetServer((caller) => void caller.on('error', () => {})).listen(socket());
  expect(await textOf(await asked(...at('v1/overview')))).toBe('own');
  hanging.close();
});

it('ends what the one that serves has left off', async () => {
  door.close();
  door = await open(20_000, 100);
  agent = createServer((_, res) => void res.writeHead(200).write('begun')).listen(socket());
  await once(agent, 'listening');
  await expect(asked(...at('v1/overview')).then(textOf)).rejects.toThrow('aborted');
});

it('has nothing for who does not know its path, and nothing but the page for who does', async () => {
  await serveAgent();
  const [port, path] = at('');
  for (const other of [
    '/',
    '/v1/overview',
    '/0123456789abcdef0123456789abcdef/',
    path.slice(0, -2),
    path.toUpperCase(),
  ])
    expect((await asked(port, other)).statusCode, other).toBe(404);
  for (const other of ['v1/status', 'v1/node/drain', '../', 'v1/overview?x', '//', 'metrics'])
    expect((await asked(port, `${path}${other}`)).statusCode, other).toBe(404);
  expect(path).toMatch(/^\/[0-9a-f]{32}\/$/);
});

it('has nothing for pages of the web', async () => {
  await serveAgent();
  const refused: readonly Readonly<Record<string, string>>[] = [
    { host: 'evil.example' },
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ];
  for (const headers of refused) expect((await asked(...at(''), headers)).statusCode).toBe(403);
});
