import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Zone } from '../../src/dns/answers/zone.js';
import { Resolver } from '../../src/dns/serving/resolver.js';
import { DnsService } from '../../src/dns/serving/service.js';
import { removeNamespace } from '../../src/kernel/system/netns.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import { heardRows } from '../unit/health/heard.js';
import { askUdp, dropNamespace, FakeEngine, FROM_ENGINE, freePath, inside, makeNamespace } from './dns-namespace.js';

const zonesOf = (address: string) => (): readonly Zone[] => [zone('backnet', [endpoint(['web'], [`${address}/24`])])];
const zones = zonesOf('172.16.1.1');

const { log, rows } = heardRows();

let service = new DnsService(log, rows);
const cleanUp: (() => void)[] = [];
afterEach(async () => {
  await service.stop();
  service = new DnsService(log, rows);
  for (const work of cleanUp.splice(0).reverse()) work();
  log.lines.length = 0;
});

function namespaceHere(): string {
  const path = makeNamespace();
  engineRules(path);
  cleanUp.push(() => dropNamespace(path));
  return path;
}

/** The engine's, to a resolver that is not there: what goes by them is ours to take. */
const ENGINE_RULES =
  'table ip docker-dns { chain dns-dnat { type nat hook output priority -100; ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:9; }; }';
const engineRules = (path: string): string => inside(path, 'nft', ENGINE_RULES);

const redirected = (path: string): boolean => inside(path, 'nft', 'list', 'tables').includes('tsoverlay-dns');

/**
 * As the engine's runtime hook does it: a plain file, a bind mount over it, the loopback device, all at once. The engine
 * then puts in its own rules; the container's program starts after them.
 */
async function hook(path: string): Promise<{ mounted: number; ruled: number }> {
  const script = `unshare --net sh -c 'touch ${path}; mount --bind /proc/self/ns/net ${path}; date +%s%N; ip link set lo up'`;
  const { stdout } = await execa('sh', ['-c', script]);
  // Not as in engineRules, which would hold up those who serve: they are in this process.
  await execa('nsenter', [`--net=${path}`, 'nft', ENGINE_RULES]);
  return { mounted: Number(stdout) / 1e6, ruled: now() };
}

const now = (): number => performance.timeOrigin + performance.now();

describe('a sandbox that is wanted', () => {
  it('is served at once when its namespace exists already', async () => {
    const path = namespaceHere();
    service.sync(new Map([[path, zones]]));
    expect(await service.ready(path, 1000)).toBe(true);
    expect(redirected(path)).toBe(true);
    expect(await askUdp(path, 'web')).toEqual(['172.16.1.1']);
  });

  it('answers by the newest zones that were given', async () => {
    const path = namespaceHere();
    service.sync(new Map([[path, zones]]));
    service.sync(new Map([[path, zonesOf('172.16.1.99')]]));
    await service.ready(path, 1000);
    expect(await askUdp(path, 'web')).toEqual(['172.16.1.99']);
  });

  it('is served sooner than the engine has put in its rules, whether its folder was there or not', async () => {
    // Of the time that the engine's rules took: a busy machine is as slow for both.
    const shares: number[] = [];
    for (let round = 0; round < 12; round++) {
      const folder = freePath();
      if (round < 10) mkdirSync(folder);
      const path = join(folder, 'sandbox');
      cleanUp.push(() => removeNamespace(path));
      service.sync(new Map([[path, zones]]));
      expect(await service.ready(path, 50)).toBe(false);
      if (round >= 10) mkdirSync(folder);
      const ready = service.ready(path, 3000).then((ok) => ({ ok, at: now() }));
      const { mounted, ruled } = await hook(path);
      const { ok, at } = await ready;
      expect(ok).toBe(true);
      if (round < 10) shares.push((at - mounted) / (ruled - mounted));
      expect(await askUdp(path, 'web')).toEqual(['172.16.1.1']);
    }
    shares.sort((a, b) => a - b);
    console.info(`from mount to redirect, of the engine's time: ${shares.map((share) => share.toFixed(2)).join(' ')}`);
    expect(shares[shares.length >> 1]).toBeLessThan(1);
  });

  it('that stays a plain file costs nothing but patience', async () => {
    const path = freePath();
    closeSync(openSync(path, 'wx'));
    cleanUp.push(() => rmSync(path));
    service.sync(new Map([[path, zones]]));
    await sleep(2300);
    const cpu = process.cpuUsage();
    await sleep(1000);
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1000).toBeLessThan(100);
    expect(log.words).toEqual([]);
  });
});

describe('a sandbox that is not wanted any more', () => {
  it('gets the engine’s resolver back', async () => {
    const path = namespaceHere();
    const engine = new FakeEngine(path, 'nft');
    cleanUp.push(() => engine.close());
    service.sync(new Map([[path, zones]]));
    await service.ready(path, 1000);
    expect(await askUdp(path, 'web')).toEqual(['172.16.1.1']);
    service.sync(new Map());
    await sleep(100);
    expect(await askUdp(path, 'web')).toEqual([FROM_ENGINE]);
    await service.stop();
    expect(redirected(path)).toBe(false);
  });

  it('is nobody’s ready', async () => {
    const path = freePath();
    service.sync(new Map([[path, zones]]));
    const ready = service.ready(path, 5000);
    service.sync(new Map());
    expect(await ready).toBe(false);
    expect(await service.ready(path, 5000)).toBe(false);
  });

  it('can be wanted again at once', async () => {
    const path = namespaceHere();
    const wanted = new Map([[path, zones]]);
    service.sync(wanted);
    for (let i = 0; i < 5; i++) {
      service.sync(new Map());
      service.sync(wanted);
    }
    expect(await service.ready(path, 3000)).toBe(true);
    await sleep(200);
    expect(redirected(path)).toBe(true);
    expect(await askUdp(path, 'web')).toEqual(['172.16.1.1']);
  });
});

describe('the pulse', () => {
  it('that is refused leaves nobody without an answer: our sockets stay until the redirect has run out', async () => {
    const path = namespaceHere();
    const engine = new FakeEngine(path, 'nft');
    cleanUp.push(() => engine.close());
    service.sync(new Map([[path, zones]]));
    await service.ready(path, 1000);
    const refused = vi.spyOn(Resolver.prototype, 'renew').mockRejectedValueOnce(new Error('refused'));
    cleanUp.push(() => refused.mockRestore());
    const answers: unknown[] = [];
    for (let i = 0; i < 60; i++) {
      answers.push(await askUdp(path, 'web', 'A', 500).then(String, () => 'none'));
      await sleep(100);
    }
    expect(log.words.join()).toContain('refused');
    expect(new Set(answers)).toEqual(new Set(['172.16.1.1', FROM_ENGINE]));
  });

  it('keeps redirects alive for longer than they live by themselves', async () => {
    const path = namespaceHere();
    service.sync(new Map([[path, zones]]));
    for (let second = 0; second < 9; second++) {
      await sleep(1000);
      expect(await askUdp(path, 'web')).toEqual(['172.16.1.1']);
    }
  });

  it('lets the namespace of an ended container go though nobody says so', async () => {
    const path = freePath();
    const witness = await namespaceWithWitness(path);
    service.sync(new Map([[path, zones]]));
    await service.ready(path, 1000);
    removeNamespace(path);
    expect(await alive(witness)).toBe(true);
    const began = Date.now();
    while ((await alive(witness)) && Date.now() - began < 8000) await sleep(50);
    console.info(`namespace let go ${Date.now() - began} ms after its end`);
    expect(Date.now() - began).toBeLessThan(3000);
    expect(log.words).toEqual([]);
  });

  it('follows to another namespace at the same path', async () => {
    const path = makeNamespace();
    service.sync(new Map([[path, zones]]));
    await service.ready(path, 1000);
    removeNamespace(path);
    await hook(path);
    cleanUp.push(() => dropNamespace(path));
    await sleep(1600);
    expect(redirected(path)).toBe(true);
    expect(await askUdp(path, 'web')).toEqual(['172.16.1.1']);
  });
});

describe('one sandbox’s error', () => {
  it('is said once with its name, and leaves the others alone', async () => {
    const good = namespaceHere();
    const bad = namespaceHere();
    const owner = execa('nsenter', [`--net=${bad}`, 'nft', '-i'], { stdin: 'pipe', reject: false });
    owner.stdin?.write('add table ip tsoverlay-dns { flags owner; }\n');
    await sleep(500);
    service.sync(
      new Map([
        [bad, zones],
        [good, zones],
      ]),
    );
    expect(await service.ready(good, 1000)).toBe(true);
    expect(await service.ready(bad, 100)).toBe(false);
    await sleep(3000);
    expect(log.words).toEqual([expect.stringContaining('EPERM')]);
    expect(await askUdp(good, 'web')).toEqual(['172.16.1.1']);
    owner.stdin?.end();
    await owner;
  });
});

describe('sixty containers', () => {
  it('cost little', async () => {
    const paths = Array.from({ length: 60 }, namespaceHere);
    const before = process.memoryUsage().rss;
    const began = process.hrtime.bigint();
    service.sync(new Map(paths.map((path) => [path, zones])));
    const blockedMs = Number(process.hrtime.bigint() - began) / 1e6;
    await Promise.all(paths.map((path) => service.ready(path, 10_000)));
    const startMs = Number(process.hrtime.bigint() - began) / 1e6;
    await sleep(1000);
    const rss = (process.memoryUsage().rss - before) / 2 ** 20;
    const cpu = process.cpuUsage();
    await sleep(6500);
    const { user, system } = process.cpuUsage(cpu);
    const percent = (user + system) / 6500 / 10;
    console.info(
      `60 resolvers: started in ${startMs.toFixed(0)} ms, of which ${blockedMs.toFixed(0)} at once, ${rss.toFixed(1)} MiB more, ${percent.toFixed(2)} % CPU idle`,
    );
    expect(await Promise.all(paths.map((path) => askUdp(path, 'web')))).toEqual(paths.map(() => ['172.16.1.1']));
    expect(percent).toBeLessThan(5);
    expect(blockedMs).toBeLessThan(20);
    const stop = process.hrtime.bigint();
    await service.stop();
    console.info(`and stopped in ${(Number(process.hrtime.bigint() - stop) / 1e6).toFixed(0)} ms`);
    expect(paths.filter(redirected)).toEqual([]);
  });
});

/** A namespace with one end of a veth pair in it: the other end, here, is gone when the namespace is. */
async function namespaceWithWitness(path: string): Promise<string> {
  const name = `dnsw${process.pid % 100000}`;
  await hook(path);
  await execa('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`]);
  const holder = execa('nsenter', [`--net=${path}`, 'sleep', '1']);
  await sleep(50);
  await execa('ip', ['link', 'set', `${name}p`, 'netns', String(holder.pid)]);
  await holder;
  return name;
}

const alive = async (witness: string): Promise<boolean> =>
  (await execa('ip', ['link', 'show', witness], { reject: false })).exitCode === 0;
