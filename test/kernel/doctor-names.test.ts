/** What doctor sees of names in a container's namespace, with our resolver and a stand-in for the engine's. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DnsService } from '../../src/dns/serving/service.js';
import { askEngineAlone } from '../../src/doctor/looks/asking.js';
import { type ContainerLook, lookAtNames } from '../../src/doctor/looks/names.js';
import { isRedirected } from '../../src/kernel/rules/dns-redirect.js';
import { udpSocketIn } from '../../src/kernel/system/sockets.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import { dropNamespace, FakeEngine, freePath, inside, makeNamespace } from './dns-namespace.js';

let sandbox: string;
let engine: FakeEngine;
let service: DnsService;
beforeEach(async () => {
  sandbox = makeNamespace();
  engine = new FakeEngine(sandbox, 'nft');
  service = new DnsService();
  service.sync(new Map([[sandbox, () => [zone('net', [endpoint(['web'], ['172.16.1.1/24'])])]]]));
  expect(await service.ready(sandbox, 2_000)).toBe(true);
});
afterEach(async () => {
  await service.stop();
  engine.close();
  dropNamespace(sandbox);
});

const fill = (namespace: string, rules: string) =>
  execFileSync('nsenter', [`--net=${namespace}`, 'nft', '-f', '-'], { input: rules });

const db = (): ContainerLook => ({ name: 'db', sandbox, known: { name: 'web', type: 'A' } });
const look = async (isEngineUp = true) => (await lookAtNames([db()], isEngineUp))[0];
const FINE = {
  ...{ container: 'db', isRedirected: true, foreign: { us: true, engine: true } },
  known: { name: 'web', outcome: 'NOERROR', isFound: true },
};

it('all is well, and of the engine no name of ours was asked', async () => {
  expect(await look()).toEqual(FINE);
  expect(engine.asked.map(({ name }) => name)).toEqual(['tsoverlay-doctor.invalid', 'tsoverlay-doctor.invalid']);
});

it('names of the world are not asked for while the engine is away', async () => {
  engine.close();
  expect(await look(false)).toEqual(FINE);
});

it('without its rules, and with rules that nobody has renewed', async () => {
  inside(sandbox, 'nft', 'delete', 'table', 'ip', 'tsoverlay-dns');
  expect(isRedirected(sandbox)).toBe(false);
  await expect.poll(() => isRedirected(sandbox), { timeout: 5_000 }).toBe(true);
  inside(sandbox, 'nft', 'flush', 'set', 'ip', 'tsoverlay-dns', 'live');
  expect(isRedirected(sandbox)).toBe(false);
});

it('a container that puts a fuller set in place of that by which they are known is looked at in no time', async () => {
  inside(sandbox, 'nft', 'delete', 'table', 'ip', 'tsoverlay-dns');
  inside(sandbox, 'nft', 'table ip tsoverlay-dns { set live { type ipv4_addr; }; }');
  const elements = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`).join(', ');
  fill(sandbox, `add element ip tsoverlay-dns live { ${elements} }`);
  const before = process.cpuUsage();
  expect(isRedirected(sandbox)).toBe(true);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(100);
});

it('a container that drops its questions', async () => {
  inside(sandbox, 'nft', 'table ip shut { chain o { type filter hook output priority 0; ip saddr 127.0.0.1 drop; }; }');
  expect(await look()).toMatchObject({
    ...{ isRedirected: true, known: { outcome: 'no answer within 1.5 s', isFound: false } },
    foreign: { us: false, engine: true },
  });
});

it('the engine is silent about the world', async () => {
  engine.silent.add('tsoverlay-doctor.invalid');
  expect(await look()).toMatchObject({ known: { isFound: true }, foreign: { us: false, engine: false } });
});

/** Questions whose names are pointers to the one before, as far as pointers reach: millions of steps to read. */
function ladder(bytes: number): Buffer {
  const message = Buffer.alloc(bytes);
  let [before, count] = [12, 1];
  for (let at = 17; at + 6 <= bytes; at += 6, count++) {
    message.writeUInt16BE(0xc000 | before, at);
    if (at <= 0x3fff) before = at;
  }
  message.writeUInt16BE(0x8180, 2);
  message.writeUInt16BE(count, 4);
  return message;
}

it.each([65_000, 500])(
  'a program in the engine’s place that answers with ladders of %i bytes takes no time',
  async (bytes) => {
    engine.close();
    inside(sandbox, 'nft', 'flush', 'table', 'ip', 'docker-dns');
    const liar = createSocket('udp4').bind({ fd: udpSocketIn(sandbox, { address: '127.0.0.11', port: 53 }) });
    let sent = 0;
    let sending: NodeJS.Timeout | undefined;
    liar.on('message', (query, { port, address }) => {
      const lie = ladder(bytes);
      lie.writeUInt16BE(query.readUInt16BE(0) ^ 1);
      sending = setInterval(() => {
        for (let i = 0; i < 20; i++, sent++) liar.send(lie, port, address);
      }, 1);
    });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const heard = await askEngineAlone(sandbox, 'tsoverlay-doctor.invalid', 'A');
    delay.disable();
    clearInterval(sending);
    liar.close();
    // A crowded machine holds up, too; decoding one of them all took three seconds.
    expect(delay.max / 1e6).toBeLessThan(1000);
    expect(heard).toEqual({ answers: [], isAnswer: false, outcome: 'too many answers to what was not asked' });
    expect(sent).toBeLessThan(500);
  },
);

it('one that goes is left out, and keeps no other from being looked at', async () => {
  const gone = { ...db(), name: 'gone', sandbox: freePath() };
  expect(await lookAtNames([gone, db()], true)).toEqual([FINE]);
});
