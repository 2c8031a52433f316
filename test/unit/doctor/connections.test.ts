/** store.connections: this host's connections to Consul, as /proc/net has them, against what Consul lets one address have. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connections } from '../../../src/doctor/checks/store/connections.js';
import { Addresses } from '../../../src/doctor/looks/addresses.js';
import { lookAtConnections } from '../../../src/doctor/looks/connections.js';
import { Proc } from '../../../src/doctor/looks/proc.js';

let root: string;
let server: Server;
let port: number;
/** What it says of itself. */
let said: unknown;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tsoverlay-proc-'));
  mkdirSync(join(root, 'net'));
  said = { DebugConfig: { HTTPMaxConnsPerClient: 10 } };
  server = createServer((_, res) => {
    res.writeHead(said === undefined ? 403 : 200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(said ?? 'Permission denied'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  server.close();
  rmSync(root, { recursive: true });
});

const hex = () => port.toString(16).toUpperCase().padStart(4, '0');
const row = (remote: string, state = '01') =>
  `   0: 3C00000A:A1B2 ${remote} ${state} 00000000:00000000 00:00000000 00000000`;
const write = (file: 'tcp' | 'tcp6', rows: readonly string[]) =>
  writeFileSync(join(root, 'net', file), `  sl  local_address rem_address   st\n${rows.join('\n')}\n`);
const NOWHERE = new Addresses(async () => {
  throw new Error('getaddrinfo ENOTFOUND');
});
const look = (host = '127.0.0.1') =>
  lookAtConnections({ servers: [{ host, port }], prefix: 'tsoverlay/' }, new Proc(root), NOWHERE);
const times = (n: number, line: string) => Array.from({ length: n }, () => line);

it('counts those of all programs that stand, of IPv4 and of IPv4 through a socket of IPv6', async () => {
  write('tcp', [
    ...times(3, row(`0100007F:${hex()}`)),
    row(`0100007F:${hex()}`, '06'),
    row(`0200007F:${hex()}`),
    row('0100007F:0001'),
  ]);
  write('tcp6', [row(`0000000000000000FFFF00000100007F:${hex()}`)]);
  expect(await look()).toEqual([{ address: `127.0.0.1:${port}`, open: 4, most: 10 }]);
});

it.each<[string, unknown, number | undefined]>([
  ['Consul does not tell our token', undefined, undefined],
  ['it is of another release', {}, undefined],
  ['there is no limit', { DebugConfig: { HTTPMaxConnsPerClient: 0 } }, Number.POSITIVE_INFINITY],
])('where %s', async (_, says, most) => {
  said = says;
  const [found] = await look();
  expect([found?.open, found?.most]).toEqual([0, most]);
});

it('nobody is found at a name that leads nowhere', async () => {
  write('tcp', [row(`0100007F:${hex()}`)]);
  expect(await look('localhost')).toMatchObject([{ address: `localhost:${port}`, open: 0 }]);
});

it('others have their turns meanwhile, however many there are', async () => {
  write('tcp', [...times(60_000, row('0200007F:0001')), row(`0100007F:${hex()}`)]);
  let [turns, isOver] = [0, false];
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  turn();
  expect(await look()).toMatchObject([{ open: 1 }]);
  isOver = true;
  expect(turns).toBeGreaterThan(50);
});

describe('from four fifths on it is a trouble', () => {
  const of = (open: number, most?: number) =>
    connections.judge([{ address: 'a:1', open, most }]).map(({ what }) => what);

  it('of what the server says', () => {
    expect([of(239, 300), of(240, 300)]).toEqual([
      [],
      ['this host has 240 connections to Consul at a:1, and may have 300'],
    ]);
  });

  it('of Consul’s default where it does not say', () => {
    expect([of(159), of(160)]).toEqual([
      [],
      [
        "this host has 160 connections to Consul at a:1; Consul's default is 200, and it does not tell our token its own",
      ],
    ]);
  });
});
