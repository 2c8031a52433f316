/** Metrics on real engines: scraped by a real Prometheus, through the loss of the store, and what they cost. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { METRICS } from '../../../src/metrics/catalogue.js';
import { fillPrometheus, prometheusBinary } from '../cache.js';
import { Lab } from '../lab.js';
import { ROOT } from '../paths.js';
import { Prometheus } from '../prometheus.js';
import { withScratch } from '../scratch.js';
import { within } from '../waiting.js';

/** The lab's Consul lets anybody write. */
const WITHOUT_ACLS = { status: 'degraded', codes: ['consul.exposed'] };
const TICKS_PER_SECOND = 100;
const promtool = (args: readonly string[], input = '') =>
  execa(prometheusBinary('promtool'), args, { input, reject: false, all: true });

let lab: Lab;
let prometheus: Prometheus;
const addressed = (address: string) => ({ METRICS_ADDR: `${address}:9464` });
beforeAll(async () => {
  await fillPrometheus(() => {});
  lab = await Lab.boot({ hosts: 2, consul: true, durableConsul: true, plugin: false });
  for (const { plugin, address } of lab.hosts) await plugin.start(addressed(address));
  prometheus = await Prometheus.start(
    lab.host(1).host,
    lab.hosts.map(({ address }) => `${address}:9464`),
  );
});
afterAll(() => lab?.down());

const get = (host: number, path: string) =>
  lab.host(host).run('busybox', 'wget', '-qO-', `http://${lab.host(host).address}:9464${path}`);
/** The value of the only series. */
const one = async (expression: string) => (await prometheus.query(expression))[0]?.value;

describe('what promtool checks', () => {
  it('the alert rules', async () => {
    const { exitCode, all } = await promtool(['check', 'rules', join(ROOT, 'packaging/prometheus/alerts.yml')]);
    expect([exitCode, all]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  it('the text of a host, names and units', async () => {
    const { exitCode, all } = await promtool(['check', 'metrics'], `${await get(1, '/metrics')}\n`);
    // The library's own are not named as promtool would have them.
    const ours = (all ?? '').split('\n').filter((line) => line.startsWith('tsoverlay'));
    expect([exitCode === 0 || exitCode === 3, ours]).toEqual([true, []]);
  });

  it("every question of the dashboard's panels, and of the alerts, is about metrics that there are", async () => {
    const panels = z.object({ panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })) })) });
    const dashboard = panels.parse(JSON.parse(readFileSync(join(ROOT, 'packaging/grafana/tsoverlay.json'), 'utf8')));
    const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(asked.length).toBeGreaterThan(15);
    const rules = asked.map((expr, i) => ({
      record: `panel:${i}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
    }));
    await withScratch(async (folder) => {
      const path = join(folder, 'panels.yml');
      writeFileSync(path, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
      const { exitCode, all } = await promtool(['check', 'rules', path]);
      expect([exitCode, all]).toEqual([0, expect.stringContaining('SUCCESS')]);
    });
    const alerts = readFileSync(join(ROOT, 'packaging/prometheus/alerts.yml'), 'utf8');
    const named = [...`${asked.join(' ')} ${alerts}`.matchAll(/\b(?:tsoverlay|process|nodejs)_\w+/g)].map(
      ([name]) => name,
    );
    const text = await get(1, '/metrics');
    const there = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    for (const name of Object.keys(METRICS)) there.add(name);
    for (const name of named) expect(there).toContain(name.replace(/_(bucket|count|sum)$/, ''));
  });
});

describe('two hosts, seen by Prometheus', () => {
  it('are there with what happens on them', async () => {
    const [docker01, docker02] = lab.hosts as [(typeof lab.hosts)[0] & object, (typeof lab.hosts)[0] & object];
    await docker01.docker(
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/29',
      'overlay1',
    );
    await within(10_000, 'the network is on docker02', async () =>
      (await docker02.docker('network', 'ls')).includes('overlay1'),
    );
    await docker01.docker('run', '-d', '--name', 'web', '--net', 'overlay1', 'busybox', 'sleep', '1000');
    await docker02.docker('run', '-d', '--name', 'db', '--net', 'overlay1', 'busybox', 'sleep', '1000');
    await docker01.docker('exec', 'web', 'ping', '-c', '1', 'db');
    await within(
      10_000,
      'Prometheus has seen it',
      async () => (await one('sum(tsoverlay_endpoints{on="host"})')) === 2,
    );
    expect(await one('count(up == 1)')).toBe(2);
    expect(await one('sum(tsoverlay_ready) + sum(tsoverlay_store_up)')).toBe(4);
    expect(await one('min(tsoverlay_nodes{state="alive"})')).toBe(2);
    expect(await one('max(tsoverlay_pool_fill_ratio{pool="172.16.1.0/29"})')).toBe(0.5);
    expect(await one('sum(tsoverlay_driver_call_seconds_count{method="NetworkDriver.Join",outcome="ok"})')).toBe(2);
    expect(await one('sum(tsoverlay_dns_queries_total{result="answered"})')).toBeGreaterThan(0);
    expect(await one('sum(tsoverlay_store_request_seconds_count{outcome="ok"})')).toBeGreaterThan(10);
    expect(await one('sum(tsoverlay_guard_drops_total)')).toBe(0);
    expect([...(await prometheus.alerts()).values()].filter((state) => state === 'firing')).toEqual([]);
  });

  it('names nobody: no container, network or host stands in the text', async () => {
    const text = await get(1, '/metrics');
    for (const name of ['overlay1', 'web', 'docker01', 'docker02', '10.0.0.61']) expect(text).not.toContain(`"${name}`);
  });

  it('what somebody breaks is a repair', async () => {
    const { host } = lab.host(1);
    await host.run('nft', 'flush', 'ruleset');
    await within(
      15_000,
      'the repair is counted',
      async () => ((await one('sum(tsoverlay_repairs_total{step="replaceVxlanGuard"})')) ?? 0) >= 1,
    );
  });

  it('a lost store is degraded, not dead', async () => {
    expect(JSON.parse(await get(1, '/readyz'))).toEqual(WITHOUT_ACLS);
    // One that hangs is noticed after a minute (test/lab/faults/consul.test.ts).
    await lab.consul.kill();
    await within(15_000, 'the store is down', async () => (await one('max(tsoverlay_store_up)')) === 0);
    expect(await get(1, '/livez')).toBe('ok');
    expect(JSON.parse(await get(1, '/readyz')).codes).toContain('store.news');
    expect(await one('min(tsoverlay_ready)')).toBe(1);
    await within(
      5_000,
      'the alert waits',
      async () => (await prometheus.alerts()).get('TsoverlayStoreDown') === 'pending',
    );
    await lab.consul.start();
    await within(30_000, 'the store is up', async () => (await one('min(tsoverlay_store_up)')) === 1);
  });

  it('cost one percent of a CPU at one scrape a second, at most', async () => {
    const { plugin, host } = lab.host(2);
    const usage = async () => {
      const pid = host.process('tsoverlay')?.pid ?? 0;
      const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
      const cpu = () => (Number(stat()[13]) + Number(stat()[14])) / TICKS_PER_SECOND;
      await sleep(5_000);
      const [before, began] = [cpu(), performance.now()];
      await sleep(20_000);
      const load = (100_000 * (cpu() - before)) / (performance.now() - began);
      const rss = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000;
      return { load, rss };
    };
    const scraped = await usage();
    await plugin.restart();
    const idle = await usage();
    console.log(
      `scraped each second: ${scraped.load.toFixed(2)} % of a CPU, ${scraped.rss} MB; without metrics ${idle.load.toFixed(2)} %, ${idle.rss} MB`,
    );
    expect(scraped.load - idle.load).toBeLessThan(1);
  });
});
