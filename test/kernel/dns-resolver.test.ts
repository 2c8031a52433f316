import { createSocket } from 'node:dgram';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Zone } from '../../src/dns/answers/zone.js';
import { PAUSE_MS, Resolver } from '../../src/dns/serving/resolver.js';
import { udpSocketIn } from '../../src/kernel/system/sockets.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import {
  askTcp,
  askUdp,
  Client,
  dropNamespace,
  FakeEngine,
  FROM_ENGINE,
  inside,
  makeNamespace,
} from './dns-namespace.js';

const zones: readonly Zone[] = [
  zone('backnet', [
    endpoint(['web1', 'web'], ['172.16.1.1/24']),
    endpoint(['web2', 'web'], ['172.16.1.2/24']),
    ...Array.from({ length: 60 }, (_, i) => endpoint([`n${i}`, 'crowd'], [`172.16.2.${i + 1}/24`])),
  ]),
];
const OURS = ['172.16.1.1'];
const ENGINES = [FROM_ENGINE];

let namespace = '';
let engine: FakeEngine;
let resolver: Resolver;

beforeEach(async () => {
  namespace = makeNamespace();
  engine = new FakeEngine(namespace, 'nft');
  resolver = new Resolver(namespace, () => zones);
  await resolver.start();
});
afterEach(() => {
  resolver.abandon();
  engine.close();
  dropNamespace(namespace);
});

describe('the resolver', () => {
  it('serves glibc: order shuffled, a large answer over TCP after a cut one', async () => {
    expect(await libc(namespace, 'web1')).toEqual(OURS);
    expect(await libc(namespace, 'example.com')).toEqual(ENGINES);
    expect(await libc(namespace, 'crowd')).toHaveLength(60);
    const firsts = new Set(
      await Promise.all(Array.from({ length: 40 }, async () => (await askUdp(namespace, 'web'))[0])),
    );
    expect(firsts).toEqual(new Set(['172.16.1.1', '172.16.1.2']));
  });

  it('makes its redirect anew when the container flushes all rules', async () => {
    inside(namespace, 'nft', 'delete', 'table', 'ip', 'tsoverlay-dns');
    expect(await askUdp(namespace, 'web1')).toEqual(ENGINES);
    await vi.waitFor(
      async () => {
        await resolver.renew();
        expect(await askUdp(namespace, 'web1')).toEqual(OURS);
      },
      { timeout: 10_000, interval: 500 },
    );
  });

  it('says SERVFAIL at once when the engine’s resolver is not there', async () => {
    engine.close();
    const began = Date.now();
    expect(await askUdp(namespace, 'example.com')).toEqual([]);
    expect(Date.now() - began).toBeLessThan(500);
    await expect(askTcp(namespace, 'example.com')).rejects.toThrow(/closed|ECONNRESET/);
    expect(await askUdp(namespace, 'web1')).toEqual(OURS);
  });

  it('on a stop still serves what it has passed on', async () => {
    engine.silent.add('slow.example');
    const asked = askUdp(namespace, 'slow.example', 'A', 3000).catch((e: Error) => e.message);
    await sleep(50);
    const began = Date.now();
    await resolver.stop();
    expect(Date.now() - began).toBeGreaterThan(900);
    expect(Date.now() - began).toBeLessThan(1500);
    expect(await asked).toContain('no answer');
  });

  it('bounds what one container can have under way', async () => {
    engine.silent.add('never.example');
    const client = new Client(namespace);
    const flood: Promise<number>[] = [];
    while (flood.length < 1100) {
      for (let i = 0; i < 50; i++)
        flood.push(
          client.ask('never.example', 'A', 4000).then(
            () => 1,
            () => 0,
          ),
        );
      // Its socket's buffer is bounded, too.
      await sleep(30);
    }
    const refused = (await Promise.all(flood)).reduce((sum, n) => sum + n, 0);
    expect(refused).toBe(1100 - 1024);
    await resolver.renew();
    expect(await client.ask('web1')).toEqual(OURS);
    client.close();
  });

  it('lets the engine answer a container that asks for too much, for some seconds, by UDP and TCP', async () => {
    const client = new Client(namespace);
    // With its right over its own rules it takes those away that bound what it sends. Large ones cost more than many.
    inside(namespace, 'nft', 'flush', 'chain', 'ip', 'tsoverlay-dns', 'dns-flood');
    for (let sent = 0; resolver.counts.pauses === 0 && sent < 2000; sent++) {
      client.send(Buffer.alloc(60_000, 1));
      await sleep(1);
    }
    expect(resolver.counts.pauses).toBe(1);
    // The redirect is taken back by a pool thread.
    await sleep(200);
    expect(await askUdp(namespace, 'web1')).toEqual(ENGINES);
    expect(await askTcp(namespace, 'web1')).toEqual([ENGINES]);
    await resolver.renew();
    expect(await askUdp(namespace, 'web1')).toEqual(ENGINES);
    expect(inside(namespace, 'ss', '-Hlun', 'src', '127.0.0.11').trim().split('\n'), 'the engine’s alone').toHaveLength(
      1,
    );
    await sleep(PAUSE_MS);
    await resolver.renew();
    expect(await askUdp(namespace, 'web1')).toEqual(OURS);
    expect(await askTcp(namespace, 'web1')).toEqual([OURS]);
    client.close();
  });

  it('answers a thousand questions a second for as long as one likes', async () => {
    const client = new Client(namespace);
    const answers: Promise<readonly unknown[]>[] = [];
    for (const began = Date.now(); Date.now() - began < 8000; await sleep(10)) {
      // Who was kept waiting does not catch up at once, for sockets have an end.
      for (let i = 0; i < 50 && answers.length < Date.now() - began; i++) answers.push(client.ask('web1', 'A', 5000));
      await resolver.renew();
    }
    const found = await Promise.all(answers);
    expect(found.length).toBeGreaterThan(7500);
    expect(new Set(found.map(String))).toEqual(new Set(OURS));
    client.close();
  });

  it('takes nobody for the engine’s resolver who does not know the question’s id', async () => {
    engine.close();
    const liar = createSocket('udp4').bind({ fd: udpSocketIn(namespace, { address: '127.0.0.11', port: 53 }) });
    inside(namespace, 'nft', 'flush', 'table', 'ip', 'docker-dns');
    liar.on('message', (query, { port, address }) => {
      const lie = Buffer.from(query);
      lie.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff);
      for (let i = 0; i < 50; i++) liar.send(lie, port, address);
      if (query.includes('honest')) liar.send(query, port, address);
    });
    expect(await askUdp(namespace, 'honest.example')).toEqual([]);
    await expect(askUdp(namespace, 'example.com', 'A', 300)).rejects.toThrow('no answer');
    liar.close();
  });

  it('leaves the container its port 53', () => {
    const listen = 'require("node:dgram").createSocket("udp4").bind(53, "0.0.0.0", () => process.exit(0))';
    expect(() => inside(namespace, process.execPath, '-e', listen)).not.toThrow();
  });

  it('survives what only a raw socket can send: a query from port 0', async () => {
    const forge = 'type filter hook output priority -310; ip daddr 127.0.0.11 udp sport set 0';
    inside(namespace, 'nft', `table ip forge { chain out { ${forge}; }; }`);
    await expect(askUdp(namespace, 'web1', 'A', 300)).rejects.toThrow('no answer');
    inside(namespace, 'nft', 'delete', 'table', 'ip', 'forge');
    expect(await askUdp(namespace, 'web1')).toEqual(OURS);
  });

  it('asks the engine when its zones cannot be had', async () => {
    const broken = new Resolver(namespace, () => {
      throw new Error('not loaded');
    });
    await broken.start();
    expect(await askUdp(namespace, 'web1')).toEqual(ENGINES);
    expect(await askTcp(namespace, 'web1')).toEqual([ENGINES]);
    broken.abandon();
  });
});

/** Addresses that a program with the engine's resolv.conf gets from the C library. */
async function libc(place: string, name: string): Promise<string[]> {
  const file = join(mkdtempSync(join(tmpdir(), 'tsoverlay-resolv-')), 'resolv.conf');
  writeFileSync(file, 'nameserver 127.0.0.11\noptions ndots:0\n');
  const script = `mount --bind ${file} /etc/resolv.conf && exec getent ahosts ${name}`;
  const { stdout } = await execa('nsenter', [`--net=${place}`, 'unshare', '-m', 'sh', '-c', script]);
  return [...new Set(stdout.split('\n').map((line) => line.split(/\s+/)[0] ?? ''))];
}
