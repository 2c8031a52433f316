/** `tsoverlay doctor` and a host's engine, kernel and clock: each is broken, found and cured. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consulBinary } from '../cache.js';
import { OUTSIDE } from '../lan.js';
import { PLUGIN_MAIN } from '../paths.js';
import { Patient, report } from './patient.js';

let patient: Patient;
beforeAll(async () => {
  patient = await Patient.boot();
});
afterAll(() => patient?.down());

const whats = (on: number) => patient.whats(on);
const one = () => patient.lab.host(1);

it('a healthy host has no finding', () => patient.healthy(1));

describe('the engine', () => {
  it('docker_gwbridge masquerades no more', async () => {
    const anew = async (...options: readonly string[]) => {
      await one().docker('stop', '-t', '0', 'db');
      await one().docker('network', 'rm', 'docker_gwbridge');
      if (options.length > 0) await one().docker('network', 'create', ...options, 'docker_gwbridge');
      await one().docker('start', 'db');
    };
    const option = (name: string) => ['--opt', `com.docker.network.bridge.${name}`];
    await anew(
      ...option('name=docker_gwbridge'),
      ...option('enable_icc=false'),
      ...option('enable_ip_masquerade=false'),
    );
    await expect
      .poll(() => whats(1), { timeout: 20_000 })
      .toEqual([
        'engine.masquerading: docker_gwbridge was made with com.docker.network.bridge.enable_ip_masquerade=false',
      ]);
    await anew();
    await patient.healthy(1);
  });

  it('somebody has taken its rules away; the cures, the rule, or a restart', async () => {
    const out = async () => (await one().engine.attempt('exec', 'db', 'ping', '-c1', '-W1', OUTSIDE)).ok;
    const flush = () => patient.on(1, 'iptables -t nat -F POSTROUTING');
    const NETWORK = await patient.on(1, "ip -4 -o address show docker_gwbridge | awk '{ print $4 }'");
    const subnet = NETWORK.trim().replace(/\.0\.1\//, '.0.0/');
    expect(await out()).toBe(true);
    await flush();
    expect(await out()).toBe(false);
    // What else is found comes of it: the engine asks for names of the world from inside of the container.
    const found = (await patient.doctor(1)).findings.find(({ code }) => code === 'engine.masquerading');
    expect(found?.what).toBe(
      `no rule of this host masquerades what comes from ${subnet}, the network of docker_gwbridge: somebody has taken the engine's away`,
    );
    await patient.on(1, /^at once: ([^;]+);/.exec(found?.cure ?? '')?.[1] ?? 'false');
    await patient.healthy(1);
    expect(await out()).toBe(true);
    await patient.on(1, 'nft flush ruleset');
    expect(await whats(1)).toContainEqual(expect.stringMatching(/^engine\.masquerading: no rule /));
    await one().engine.restart();
    await one().docker('start', 'db');
    await patient.healthy(1);
    expect(await out()).toBe(true);
  });

  it('is a swarm manager, with SCOPE=global', async () => {
    const settings = ['SCOPE=global'];
    const said = async () => (await patient.doctor(1, settings)).findings.map(({ code }) => code);
    expect(await said()).toEqual([]);
    await one().docker('swarm', 'init', '--advertise-addr', one().address);
    expect(await said()).toContain('engine.swarm');
    expect((await patient.doctor(1, ['SCOPE=auto'])).findings.map(({ code }) => code)).not.toContain('engine.swarm');
    await one().docker('swarm', 'leave', '--force');
    await expect.poll(said, { timeout: 20_000 }).toEqual([]);
  });

  it('has two tsoverlays', async () => {
    await one().run('mkdir', '-p', '/tmp/other/dist');
    await patient.on(1, 'echo "setTimeout(() => {}, 600000)" > /tmp/other/dist/main.js');
    const pid = await patient.on(
      1,
      `CLUSTER_STORE=consul://c setsid ${process.execPath} /tmp/other/dist/main.js >/dev/null 2>&1 & echo $!`,
    );
    expect(await whats(1)).toEqual([expect.stringMatching(/^engine\.twice: 2 are set up: process \d+, process \d+$/)]);
    await patient.on(1, `kill ${pid}`);
    await patient.healthy(1);
  });
});

/** A file of the kernel's that another one lies on: no host of the lab has a kernel of its own. */
describe('the kernel, as its files tell', () => {
  const laid = async (file: string, content: string, said: RegExp) => {
    await patient.on(1, `echo ${content} > /tmp/laid && mount --bind /tmp/laid ${file}`);
    expect(await whats(1)).toEqual([expect.stringMatching(said)]);
    await patient.on(1, `umount ${file}`);
    await patient.healthy(1);
  };

  it('is old', () => laid('/proc/sys/kernel/osrelease', '3.10.0-1160.el7', /^kernel\.version: the kernel is 3\.10\.0/));

  it('has no room for connections', () =>
    laid('/proc/sys/net/netfilter/nf_conntrack_count', '9999999', /^kernel\.conntrack: 9999999 of \d+ connections/));
});

/** In a namespace that is not the first there are no such files: here they lie where the first one has them. */
it('the tables of neighbours have little room; the cure, tsoverlay makes it within half a minute', async () => {
  const folder = '/proc/sys/net/ipv4/neigh';
  const limits = [128, 512, 65_536].map((n, i) => `echo ${n} > ${folder}/default/gc_thresh${i + 1}`).join(' && ');
  await patient.on(1, `mount -t tmpfs none ${folder} && mkdir ${folder}/default`);
  const sentence = (limit: string, is: number, least: number) =>
    `kernel.neighbours: sysctl net.ipv4.neigh.default.${limit} is ${is}, and should be ${least} at least`;
  const all = [sentence('gc_thresh1', 128, 8_192), sentence('gc_thresh2', 512, 49_152)];
  // tsoverlay may have mended it before anybody looked.
  const broken = async () => {
    await patient.on(1, limits);
    return whats(1);
  };
  await expect.poll(broken, { timeout: 60_000 }).toEqual(expect.arrayContaining(all));
  await patient.healthy(1);
  expect(await patient.on(1, `cd ${folder}/default && cat gc_thresh1 && echo && cat gc_thresh2`)).toBe('8192\n49152');
  await patient.on(1, `umount ${folder}`);
});

it('who looks may make no devices', async () => {
  const command = ['/usr/bin/setpriv', '--bounding-set=-net_admin', process.execPath, PLUGIN_MAIN, 'doctor', '--json'];
  const { stdout } = await one().host.attempt(...(command as [string, ...string[]]));
  const codes = report.parse(JSON.parse(stdout)).findings.map(({ code }) => code);
  expect(codes.filter((code) => code === 'kernel.modules')).toHaveLength(4);
  await patient.healthy(1);
});

it('the one that serves lacks a capability', async () => {
  await one().plugin.kill();
  await one().plugin.start({}, ['/usr/bin/setpriv', '--bounding-set=-net_raw']);
  await expect
    .poll(() => whats(1), { timeout: 30_000 })
    .toContainEqual(expect.stringMatching(/^kernel\.capabilities: process \d+ lacks CAP_NET_RAW$/));
  await one().plugin.kill();
  await one().plugin.start();
  await patient.healthy(1);
});

it('this host’s clock is before the others’', async () => {
  const shift = 'data:text/javascript,const%20now=Date.now;Date.now=()=>now()+90000';
  const { findings } = await patient.doctor(1, [`NODE_OPTIONS=--import=${shift}`]);
  expect(findings.map(({ code, what }) => `${code}: ${what}`)).toContainEqual(
    expect.stringMatching(
      /^store\.clock: the clock of this host is (89|90|91) s before that of Consul at 10\.0\.0\.60:8500$/,
    ),
  );
  await patient.healthy(1);
});

it('Consul is slow', async () => {
  await one().host.service('slow', [
    process.execPath,
    join(import.meta.dirname, 'slow-way.mjs'),
    '8501',
    '10.0.0.60',
    '8500',
  ]);
  await expect
    .poll(async () => (await patient.doctor(1, ['CLUSTER_STORE=consul://127.0.0.1:8501'])).findings, {
      timeout: 20_000,
    })
    .toContainEqual(
      expect.objectContaining({
        code: 'store.consul',
        what: expect.stringMatching(/^Consul at 127\.0\.0\.1:8501 takes [6-9]\d\d ms for a read$/),
      }),
    );
  await one().host.endService('slow', 'SIGKILL', 5);
  await patient.healthy(1);
});

it('Consul has no leader; the cure, the server that it misses', async () => {
  const two = patient.lab.host(2).host;
  const serve = (name: string, ...words: readonly string[]) =>
    two.service(name, [
      ...[consulBinary(), 'agent', '-server', '-bootstrap-expect=2', '-bind=10.0.0.61', '-client=10.0.0.61'],
      ...['-hcl', 'performance { raft_multiplier = 1 }', `-data-dir=/var/lib/${name}`, `-node=${name}`, ...words],
    ]);
  const said = async () =>
    (await patient.doctor(1, ['CLUSTER_STORE=consul://10.0.0.61:8500'])).findings
      .filter(({ code }) => code.startsWith('store.'))
      .map(({ code, what }) => `${code}: ${what}`);
  await serve('lone');
  await expect.poll(said, { timeout: 60_000 }).toEqual(['store.consul: Consul at 10.0.0.61:8500 knows no leader']);
  const ports = ['http', 'server', 'serf-lan'].map((port, i) => `-${port}-port=${8_511 + i}`);
  const none = ['dns', 'grpc', 'serf-wan'].map((port) => `-${port}-port=-1`);
  await serve('fellow', ...ports, ...none, '-retry-join=10.0.0.61:8301');
  await expect.poll(said, { timeout: 60_000 }).toEqual([]);
  for (const name of ['fellow', 'lone']) await two.endService(name, 'SIGKILL', 5);
});
