/** `tsoverlay doctor` on real engines: nothing is said of healthy hosts, and each thing that is broken is found and cured. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Lab } from '../lab.js';
import { PLUGIN_MAIN } from '../paths.js';
import { isLabs, Patient, report } from './patient.js';

let patient: Patient;
let lab: Lab;
beforeAll(async () => {
  patient = await Patient.boot();
  ({ lab } = patient);
});
afterAll(() => patient?.down());

const doctor = (on: number, settings: readonly string[] = []) => patient.doctor(on, settings);
const codes = async (on: number, settings: readonly string[] = []) =>
  (await doctor(on, settings)).findings.map(({ code }) => code);
const whats = (on: number) => patient.whats(on);
const healthy = (on: number) => patient.healthy(on);
const on = (host: number, line: string) => patient.on(host, line);

it('healthy hosts: no finding, all was looked at, and it does not take long', async () => {
  for (const host of [1, 2]) {
    const { seconds, findings, unknown } = await doctor(host);
    expect([findings, unknown]).toEqual([[], {}]);
    expect(seconds).toBeLessThan(10);
  }
});

describe('each thing that is broken is found, and is gone with its cure', () => {
  it('the port of the other host is closed', async () => {
    await on(2, 'nft "table ip shut { chain in { type filter hook input priority 0; udp dport 4789 drop; }; }"');
    expect(await whats(1)).toEqual([
      'underlay.probes: docker02 (10.0.0.61): no answer came through UDP 4789 (probe.answer)',
    ]);
    await on(2, 'nft delete table ip shut');
    await healthy(1);
  });

  it('docker_gwbridge lies over a network', async () => {
    await on(1, 'ip address add 172.16.1.200/24 dev docker_gwbridge');
    expect(await whats(1)).toContain(
      'underlay.gwbridge: docker_gwbridge has 172.16.1.0/24, and network net 172.16.1.0/24',
    );
    await on(1, 'ip address delete 172.16.1.200/24 dev docker_gwbridge');
    await healthy(1);
  });

  it('answers to the other host take another way, and rp_filter is strict', async () => {
    await on(1, 'ip link add way1 type veth peer name way2 && ip link set way1 up && ip link set way2 up');
    await on(1, 'sysctl -qw net.ipv4.conf.all.rp_filter=1 && ip route add 10.0.0.61 dev way1');
    expect(await whats(1)).toContain(
      'underlay.rp-filter: what 10.0.0.61 sends comes in by eth0, answers leave by way1, and rp_filter of eth0 is strict',
    );
    await on(1, 'ip link delete way1 && sysctl -qw net.ipv4.conf.all.rp_filter=0');
    await healthy(1);
  });

  it('the process that serves has nearly as many files open as it may', async () => {
    const pid = `$(pgrep -o -f ${PLUGIN_MAIN}$)`;
    const limits = await on(1, `prlimit --pid ${pid} --nofile --noheadings --output SOFT,HARD | tr -s " " :`);
    await on(1, `prlimit --pid ${pid} --nofile=$(($(ls /proc/${pid}/fd | wc -l) + 4)):`);
    expect(await codes(1)).toEqual(['kernel.descriptors']);
    await on(1, `prlimit --pid ${pid} --nofile=${limits.trim().replace(/^:|:$/g, '')}`);
    await healthy(1);
  });

  it('a program of this host has nearly all the connections to Consul that one address may have', async () => {
    const open = 'for i in $(seq 190); do exec {fd}<>/dev/tcp/10.0.0.60/8500; done; sleep 60';
    const pid = await on(1, `bash -c '${open}' >/dev/null 2>&1 & echo $!`);
    await expect.poll(() => codes(1), { timeout: 15_000 }).toEqual(['store.connections']);
    await on(1, `kill ${pid.trim()}`);
    await healthy(1);
  });

  it('a record that cannot be read', async () => {
    const key = 'tsoverlay/nodes/10.0.0.99';
    await lab.consul.put(key, 'rubbish');
    await expect
      .poll(() => whats(1), { timeout: 15_000 })
      .toContainEqual(expect.stringMatching(/^cluster\.records: nodes\/10\.0\.0\.99 /));
    await lab.consul.remove(key);
    await healthy(1);
  });

  it('an address that somebody holds and nobody uses', async () => {
    const all = (await lab.consul.keys('tsoverlay/addresses/')).filter((key) => /172\.16\.1\.\d+$/.test(key));
    const values = await Promise.all(all.map(async (key) => ({ key, value: (await lab.consul.value(key)) ?? '' })));
    // A gateway is of no endpoint.
    const { key: sample, value } = values.find((one) => one.value.includes('"endpoint":"')) ?? { key: '', value: '' };
    const leaked = sample.replace(/\d+$/, '77');
    // Of a host that is no more: a living one may free its own at any moment.
    const orphan = value
      .replace(/"endpoint":"[0-9a-f]+"/, `"endpoint":"${'0'.repeat(64)}"`)
      .replace(/"node":"[0-9a-f]/, (start) => `${start.slice(0, -1)}${start.endsWith('0') ? 1 : 0}`);
    await lab.consul.put(leaked, orphan.replace(/"created":\d+/, '"created":1000'));
    expect(await codes(1)).toContain('cluster.leases');
    await lab.consul.remove(leaked);
    await healthy(1);
  });

  it('several addresses to choose from, where nobody chose', async () => {
    expect(await codes(1, ['CLUSTER_ADVERTISE='])).toEqual([]);
    await on(1, 'ip address add 192.0.2.7/24 dev eth0');
    expect(await codes(1, ['CLUSTER_ADVERTISE='])).toEqual(['underlay.candidates']);
    await on(1, 'ip address delete 192.0.2.7/24 dev eth0');
    await healthy(1);
  });

  it('the other host is away', async () => {
    await lab.host(2).plugin.kill();
    await expect
      .poll(() => whats(1), { timeout: 60_000, interval: 1_000 })
      .toEqual(['cluster.nodes: host docker02 (10.0.0.61) is away, and holds 1 endpoints']);
    await lab.host(2).plugin.start();
    await healthy(1);
  });
});

it('the cluster: what is wrong on another host is told by that one, and of no other', async () => {
  const cluster = z.object({ hosts: z.array(z.object({ hostname: z.string(), said: report })) });
  const ask = async () => {
    const { host, address } = lab.host(1);
    const env = [`CLUSTER_STORE=${lab.consul.url}`, `CLUSTER_ADVERTISE=${address}`];
    const words = ['env', ...env, process.execPath, PLUGIN_MAIN, 'doctor', '--cluster', '--json'];
    const { hosts } = cluster.parse(JSON.parse((await host.attempt(...(words as [string, ...string[]]))).stdout));
    return hosts.map(({ hostname, said }) => [
      hostname,
      said.findings.filter((one) => !isLabs(one)).map(({ code }) => code),
    ]);
  };
  expect(await ask()).toEqual([['docker02', []]]);
  await on(2, 'ip address add 172.16.1.200/24 dev docker_gwbridge');
  // What it has found out is good for a while.
  await expect.poll(ask, { timeout: 40_000, interval: 2_000 }).toEqual([['docker02', ['underlay.gwbridge']]]);
  await on(2, 'ip address delete 172.16.1.200/24 dev docker_gwbridge');
});

describe('it works without', () => {
  it('the engine', async () => {
    await lab.host(1).engine.kill();
    const { findings, unknown, seconds } = await doctor(1);
    expect(findings.map(({ code }) => code)).toContain('engine.serving');
    expect(Object.keys(unknown).sort()).toEqual(['engine.masquerading', 'engine.swarm', 'engine.twice']);
    expect(seconds).toBeLessThan(11);
    await lab.host(1).engine.start();
    await healthy(1);
  });

  it('the one that serves', async () => {
    await lab.host(1).plugin.kill();
    const { findings, seconds } = await doctor(1);
    expect(findings.map(({ code, what }) => `${code} ${what}`)).toEqual([
      expect.stringMatching(/^agent\.rows tsoverlay does not serve on this host/),
    ]);
    expect(seconds).toBeLessThan(11);
  });

  it('Consul, and all three', async () => {
    await lab.consul.kill();
    const without = await doctor(1);
    expect(without.findings.map(({ code }) => code)).toEqual(['agent.rows', 'store.consul']);
    await lab.host(1).engine.kill();
    const all = await doctor(1);
    expect(all.findings.map(({ code }) => code)).toEqual(['agent.rows', 'engine.serving', 'store.consul']);
    expect(Math.max(without.seconds, all.seconds)).toBeLessThan(11);
  });
});
