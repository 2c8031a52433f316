/** One tenant with many containers: what is done for all of them at the same moment is not done in one turn. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { socketOf } from '../../src/dns/serving/conversation.js';
import { DnsService } from '../../src/dns/serving/service.js';
import { tcpConnectIn } from '../../src/kernel/system/sockets.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import { heardRows } from '../unit/health/heard.js';
import { askUdp, dropNamespace, inside, makeNamespace } from './dns-namespace.js';

const MANY = 60;
const LONGEST_MS = 20;
const PAUSED_MS = 10_000;
/** More than any share, in messages of no byte. */
const TOO_MUCH = Buffer.alloc(2 * 8000);
const ENGINE_RULES =
  'table ip docker-dns { chain dns-dnat { type nat hook output priority -100; ip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.11:9; ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:9; }; }';

const { log, rows, troubles } = heardRows();
const service = new DnsService(log, rows);
let namespaces: readonly string[] = [];
beforeEach(() => {
  namespaces = Array.from({ length: MANY }, makeNamespace);
  for (const path of namespaces) inside(path, 'nft', ENGINE_RULES);
});
afterEach(async () => {
  await service.stop();
  for (const path of namespaces) dropNamespace(path);
});

/** What the main thread has worked, ms: whatever else this machine does. */
const worked = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

/** Of the turns of the event loop meanwhile, ms. */
async function longestTurn(ms: number): Promise<number> {
  let longest = 0;
  let before = worked();
  for (const end = performance.now() + ms; performance.now() < end; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = worked();
    longest = Math.max(longest, now - before);
    before = now;
  }
  return longest;
}

const paused = (): number => troubles().filter((text) => text.startsWith('dns.share')).length;

it('all of whose containers have asked for more than their share gets its resolvers back in many turns', {
  timeout: 60_000,
}, async () => {
  service.sync(new Map(namespaces.map((path) => [path, () => [zone('net', [endpoint(['web'], ['172.16.1.1/24'])])]])));
  for (const path of namespaces) expect(await service.ready(path, 10_000)).toBe(true);
  const remote = { address: '127.0.0.11', port: 53 };
  const clients = namespaces.map((path) =>
    socketOf(tcpConnectIn(path, { local: { address: '0.0.0.0', port: 0 }, remote })).on('error', () => {}),
  );
  for (const client of clients) client.end(TOO_MUCH);
  for (const end = performance.now() + PAUSED_MS; paused() < MANY && performance.now() < end; ) await sleep(50);
  expect(paused()).toBe(MANY);
  for (const client of clients) client.destroy();
  expect(await longestTurn(8000)).toBeLessThan(LONGEST_MS);
  for (const path of namespaces) expect(await askUdp(path, 'web')).toEqual(['172.16.1.1']);
});
