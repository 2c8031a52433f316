/** status, events and ipam check on real hosts: while all is well, and with the plugin, Consul, the engine and all three dead. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamCheck } from '../../../src/cli/commands/ipam-check.js';
import { statusJson } from '../../../src/cli/status-report.js';
import { NET, Scene } from '../faults/scene.js';
import { within } from '../waiting.js';
import { json, tsoverlay } from './operator.js';

let scene: Scene;
const host = (n = 1) => scene.lab.host(n);
const status = async (n = 1) => statusJson.parse(await json(host(n), 'status'));

beforeAll(async () => {
  scene = await Scene.boot({ hosts: 2, durableConsul: true });
  await scene.run(1, 'c1');
  await scene.run(2, 'c2');
});
afterAll(() => scene?.down());

describe('while all is well', () => {
  it('status needs no settings, shows host and cluster, and warns of the open Consul alone', async () => {
    const { stdout, stderr, status: exit } = await tsoverlay(host(), 'status');
    expect(stdout).toMatch(/^2 nodes\n {2}10\.0\.0\.60 {2}docker01 {2}alive /);
    expect(stdout).toMatch(/^ {2}one {2}172\.16\.1\.0\/24 {2}VNI 256 {2}MTU 1450 {2}2 endpoints$/m);
    expect(stdout).toMatch(/^pool 172\.16\.1\.0\/24 of one: 3 of 254 addresses are held, 1 %$/m);
    expect(stdout).toMatch(/^this host: 10\.0\.0\.60, id [0-9a-f]{8}, serves since \S+Z as process \d+$/m);
    expect(stdout).toMatch(/^ {2}all that it knows of the cluster is from the store, which answered last at \S+Z$/m);
    expect(stdout).toMatch(/^store: Consul answers in \d+\.\d ms$/m);
    expect(stdout.match(/^warning: .*/gm)).toEqual([
      expect.stringContaining('Consul at 10.0.0.60:8500 has its ACLs off'),
    ]);
    expect([stderr, exit], 'an open Consul is no trouble of this moment').toEqual(['', 0]);
    expect(await status()).toMatchObject({
      agent: { address: '10.0.0.60', key: 'held' },
      store: { servers: ['10.0.0.60:8500'], confirmed: true },
      read: { from: 'store' },
      networks: [{ name: NET, containerMtu: 1450 }],
      rows: [],
    });
  });

  it('status --wait ends with 0 as soon as the host is ready', async () => {
    const { status: exit, ms } = await tsoverlay(host(), 'status', '--wait', '30');
    expect(exit).toBe(0);
    expect(ms).toBeLessThan(5_000);
  });

  it('what is typed wrongly is said in one sentence, with status 2', async () => {
    const { status: exit, stderr } = await tsoverlay(host(), 'status', '--wait', 'long');
    expect([exit, stderr]).toEqual([2, 'tsoverlay: --wait is "long"; it must be a number of seconds from 0 to 3600']);
    expect((await tsoverlay(host(), 'stauts')).status).toBe(2);
    expect((await tsoverlay(host(), 'status', '--help')).status).toBe(0);
  });

  it('ipam check knows who has what, finds what is leaked, and has it freed', async () => {
    const check = async () => ipamCheck.json.parse(await json(host(), 'ipam', 'check'));
    expect(await tsoverlay(host(), 'ipam', 'check', '--all')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^ {2}172\.16\.1\.\d+ {2}held {2}c2 on 10\.0\.0\.61$/m),
    });
    const id = await scene.nodeId(1);
    const lease = { version: 2, node: id, kind: 'endpoint', created: Date.now() - 600_000 };
    await scene.lab.consul.put('tsoverlay/addresses/172.16.1.0-24/172.16.1.200', JSON.stringify(lease));
    expect((await tsoverlay(host(2), 'ipam', 'check')).stdout).toContain(
      'warning: 172.16.1.200  leaked  a container on 10.0.0.60: no endpoint took it up\n    cure: tsoverlay ipam check --release on host docker01',
    );
    expect(await tsoverlay(host(), 'ipam', 'check', '--release')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('say so with --yes'),
    });
    expect((await check()).pools[0]?.addresses.filter(({ standing }) => standing === 'leaked')).toHaveLength(1);
    // A lease that an earlier process left is somebody's work for the first half minute of this one.
    await within(40_000, 'it is freed', async () => {
      const { stdout, status: exit } = await tsoverlay(host(), 'ipam', 'check', '--release', '--yes');
      return stdout.includes('no address is leaked') && exit === 0;
    });
    expect(await scene.keys('/172.16.1.200')).toEqual([]);
  });
});

describe('verbs and bundles', () => {
  it('report is one tar file, without labels', async () => {
    await scene.docker(1, 'network', 'create', '-d', 'tsoverlay', '--label', 'owner=geheim', 'labelled');
    const { status: exit, stdout } = await tsoverlay(host(), 'report', '--output', '/tmp/report.tar');
    expect([exit, stdout]).toEqual([0, expect.stringMatching(/^\/tmp\/report\.tar: \d+ bytes/)]);
    const names = (await host().run('tar', '-tf', '/tmp/report.tar'))
      .split('\n')
      .map((name) => name.replace(/^.*\//, ''));
    expect(names).toEqual([
      'about.json',
      'status.txt',
      'doctor.txt',
      'ipam.txt',
      'events.ndjson',
      'records.json',
      'kernel.json',
    ]);
    const all = await host().run('tar', '-xOf', '/tmp/report.tar');
    for (const known of ['10.0.0.61', 'c2', 'vxlan0', 'CLUSTER_STORE', 'labelled', '"event":"serving"'])
      expect(all).toContain(known);
    expect(all).not.toContain('geheim');
    expect(await host().run('stat', '-c', '%a', '/tmp/report.tar')).toBe('600');
    await scene.docker(1, 'network', 'rm', 'labelled');
  });

  it('node drain: nothing new comes, what runs is named, and comes again after --off', async () => {
    expect((await tsoverlay(host(2), 'node', 'drain')).stderr).toContain('say so with --yes');
    const { stdout, status: exit } = await tsoverlay(host(2), 'node', 'drain', '--yes');
    expect(stdout).toMatch(/^this host takes no more containers since \S+Z\nstill here: c2 on one; docker stop c2/);
    expect(exit).toBe(1);
    const run = ['run', '-d', '--name', 'c3', '--net', NET, 'busybox', 'sleep', '1d'];
    const refused = await host(2).engine.attempt(...run);
    expect(refused.stderr).toMatch(/tsoverlay: this host takes no more containers since \S+Z, when somebody typed/);
    await host(2).plugin.restart();
    expect((await tsoverlay(host(2), 'status', '--wait', '20')).stdout).toContain('(node.drained, since ');
    expect(await scene.pings(1, 'c1', 'c2')).toBe(true);
    expect((await tsoverlay(host(2), 'node', 'drain', '--off', '--yes')).stdout).toBe('this host takes containers');
    await scene.docker(2, 'rm', '-f', 'c3');
    await scene.docker(2, ...run);
    await scene.docker(2, 'rm', '-f', 'c3');
  });
});

describe('with what is dead', () => {
  /** doctor finds something, or cannot look; the bundle is there all the same. */
  const lookedInto = async (n: number) => {
    const { status: found, stdout } = await tsoverlay(host(n), 'doctor');
    expect([1, 2], stdout).toContain(found);
    expect((await tsoverlay(host(n), 'report', '--output', '/tmp/dead.tar')).status).toBe(0);
    const all = await host(n).run('tar', '-xOf', '/tmp/dead.tar');
    for (const known of ['10.0.0.61', 'vxlan0', 'CLUSTER_STORE', '"event":"serving"']) expect(all).toContain(known);
  };

  it('the plugin: status says since when, and reads the cluster itself', async () => {
    await host().plugin.kill();
    const { stdout, status: exit } = await tsoverlay(host(), 'status');
    expect(stdout).toMatch(/^tsoverlay does not serve on this host: nobody answers at \S+; it did until \S+Z$/m);
    expect(stdout).toMatch(/^ {2}one {2}172\.16\.1\.0\/24/m);
    expect(exit).toBe(1);
    expect(await status()).toMatchObject({ agent: null, read: { from: 'store' } });
    const { stdout: happened, stderr, status: found } = await tsoverlay(host(), 'events');
    expect(stderr).toMatch(/^tsoverlay: tsoverlay does not serve on this host: .*; it did until \S+Z$/);
    expect(happened).toMatch(/^\S+Z info {2}serving: serving$/m);
    expect(found).toBe(0);
    await lookedInto(1);
    await host().plugin.start();
    expect((await tsoverlay(host(), 'status', '--wait', '20')).status).toBe(0);
  });

  it('Consul: status shows what the host knew, events that the store was lost', async () => {
    await scene.lab.consul.kill();
    await within(20_000, 'the plugin has noticed', async () => (await status()).rows.length > 0);
    const { stdout, stderr, status: exit } = await tsoverlay(host(2), 'status');
    expect(stdout).toMatch(/^ {2}one {2}172\.16\.1\.0\/24/m);
    expect(stdout).toMatch(/^store: it was not read; nodes and networks are what this host knew at \S+Z$/m);
    expect(stdout).toMatch(/^warning: .*\(store\.news, since \S+Z\)\n {2}cure: Look at that server/m);
    expect(stderr).toMatch(/^tsoverlay: .*Consul at 10\.0\.0\.60:8500/);
    expect(exit).toBe(1);
    expect((await tsoverlay(host(2), 'events')).stdout).toMatch(/store\.news: when this host last asked for news/);
    expect(await tsoverlay(host(2), 'ipam', 'check')).toMatchObject({ status: 2, stdout: '' });
    await lookedInto(2);
  });

  it('Consul that hangs: each command still has its answer in time', async () => {
    await scene.lab.consul.start();
    await within(20_000, 'the store is back', async () => (await status()).read.from === 'store');
    await scene.lab.consul.freeze();
    expect(await status()).toMatchObject({
      read: { from: 'copy', error: expect.stringContaining('did not answer within') },
    });
    expect((await tsoverlay(host(), 'ipam', 'check')).status).toBe(2);
    scene.lab.consul.thaw();
    await within(30_000, 'the store is back', async () => (await status()).read.from === 'store');
  });

  it('the engine: status says so', async () => {
    await host(2).engine.kill();
    await within(20_000, 'a row says so', async () =>
      (await status(2)).rows.some(({ code }) => code.startsWith('engine.')),
    );
    await lookedInto(2);
  });

  it('all three: status still shows what the host knew', async () => {
    await scene.lab.consul.kill();
    await host(2).plugin.kill();
    const told = await status(2);
    expect(told).toMatchObject({ agent: null, away: expect.stringContaining('it did until'), read: { from: 'copy' } });
    expect(told.networks).toMatchObject([{ name: NET, endpoints: 2 }]);
    expect((await tsoverlay(host(2), 'status')).status).toBe(1);
    await lookedInto(2);
  });
});
