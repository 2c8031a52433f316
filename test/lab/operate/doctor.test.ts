/** `tsoverlay doctor` on real engines: nothing is said of healthy hosts, and each thing that is broken is found and cured. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { run } from '../command.js';
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

/** Where the first host's record stands. */
const NODE = 'tsoverlay/nodes/10.0.0.60';
const SILENT = /no answer came through UDP 4789 \(probe\.answer\)$/;
const SHUT_THERE =
  /no answer came through UDP 4789, and what that host sends arrives here: it is the way there that is shut /;

describe('each thing that is broken is found, and is gone with its cure', () => {
  it('the port of the other host is closed', async () => {
    await on(2, 'nft "table ip shut { chain in { type filter hook input priority 0; udp dport 4789 drop; }; }"');
    expect(await whats(1)).toEqual([
      'underlay.probes: docker02 (10.0.0.61): no answer came through UDP 4789 (probe.answer)',
    ]);
    await on(2, 'nft delete table ip shut');
    await healthy(1);
  });

  it('the port is closed in one direction, which who looks at the same time as the other one is told', async () => {
    for (const [hook, ...says] of [
      ['input', SHUT_THERE, SILENT],
      ['output', SILENT, SHUT_THERE],
    ] as const) {
      await on(2, `nft "table ip shut { chain c { type filter hook ${hook} priority 0; udp dport 4789 drop; }; }"`);
      const both = async () => {
        const [one, two] = await Promise.all([whats(1), whats(2)]);
        return [one, two].map((said) => said.filter((what) => what.startsWith('underlay.probes')).join());
      };
      // Which of them begins first is chance, and each probes for some four seconds.
      await expect.poll(both, { timeout: 60_000 }).toEqual(says.map((words) => expect.stringMatching(words)));
      await on(2, 'nft delete table ip shut');
      await healthy(1);
    }
  });

  it('docker_gwbridge lies over a network', async () => {
    await on(1, 'ip address add 172.16.1.200/24 dev docker_gwbridge');
    expect(await whats(1)).toContain(
      'underlay.gwbridge: docker_gwbridge has 172.16.1.0/24, and network net 172.16.1.0/24',
    );
    await on(1, 'ip address delete 172.16.1.200/24 dev docker_gwbridge');
    await healthy(1);
  });

  it('the path takes less than the cards do, loses packets, or spoils checksums', async () => {
    const found = async (rule: string) => {
      await on(
        2,
        `nft 'table netdev cable { chain frames { type filter hook ingress device eth0 priority 0; ${rule} drop; }; }'`,
      );
      const said = await whats(1);
      await on(2, 'nft delete table netdev cable');
      await healthy(1);
      return said;
    };
    const of = (words: string, trouble: string) =>
      expect.stringMatching(
        new RegExp(`^underlay\\.probes: docker02 \\(10\\.0\\.0\\.61\\): ${words}.* \\(probe\\.${trouble}\\)$`),
      );
    expect(await found('udp dport 4789 ip length > 1400')).toContainEqual(of('packets of 1450 bytes should', 'mtu'));
    expect(await found('udp dport 4789 numgen inc mod 2 == 0')).toContainEqual(
      of('\\d+ of \\d+ packets were lost', 'loss'),
    );
    expect(await found('udp dport 4789 @th,312,8 17 @th,448,16 != 0')).toContainEqual(
      of('packets whose checksum a card', 'offload'),
    );
  });

  it('answers to the other host take another way; the cures, one way, or settings for two', async () => {
    const anotherWay = async () => {
      const { netns } = lab.lan;
      const batch = (where: string, ...lines: readonly string[]) =>
        run(['ip', '-netns', where, '-batch', '-'], { input: lines.join('\n') });
      const { machineName } = lab.host(1).host;
      await batch(
        netns,
        `link add second type veth peer name eth1 netns ${machineName}`,
        'link set second master switch up',
      );
      const mac = await lab.host(2).run('cat', '/sys/class/net/eth0/address');
      await batch(
        machineName,
        'link set eth1 arp off up',
        `neigh add 10.0.0.61 lladdr ${mac.trim()} dev eth1 nud permanent`,
        'route add 10.0.0.61/32 dev eth1 src 10.0.0.60',
      );
    };
    const filter = (value: number) => on(1, `sysctl -qw net.ipv4.conf.all.rp_filter=${value}`);
    const WHAT = 'underlay.rp-filter: what 10.0.0.61 sends comes in by eth0, answers leave by eth1, and';
    await filter(0);
    await anotherWay();
    expect(await whats(1)).toEqual(
      expect.arrayContaining([`${WHAT} VXLAN_GUARD is on`, expect.stringMatching(SILENT)]),
    );
    await lab.host(1).plugin.restart({ VXLAN_GUARD: 'incoming' });
    await healthy(1);
    await filter(1);
    expect(await whats(1)).toContain(`${WHAT} rp_filter of eth0 is strict`);
    await filter(2);
    await healthy(1);
    await filter(0);
    await lab.host(1).plugin.restart();
    await expect.poll(() => whats(1), { timeout: 20_000 }).toContain(`${WHAT} VXLAN_GUARD is on`);
    await run(['ip', '-netns', lab.lan.netns, 'link', 'delete', 'second']);
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
    const { id } = z.object({ id: z.string() }).parse(JSON.parse((await lab.consul.value(NODE)) ?? ''));
    const all = (await lab.consul.keys('tsoverlay/addresses/')).filter((key) => /172\.16\.1\.\d+$/.test(key));
    const leases = await Promise.all(all.map(async (key) => ({ key, value: (await lab.consul.value(key)) ?? '' })));
    const own = leases.find(({ value }) => value.includes(id) && value.includes('"endpoint":"'));
    const leaked = own?.value.replace(/"endpoint":"[0-9a-f]+"/, `"endpoint":"${'0'.repeat(64)}"`) ?? '';
    const key = own?.key.replace(/\d+$/, '77') ?? '';
    await lab.consul.put(key, leaked.replace(/"created":\d+/, '"created":1000'));
    expect(await whats(1)).toContain('cluster.leases: 1 addresses are held, and nobody uses them');
    const free = [process.execPath, PLUGIN_MAIN, 'ipam', 'check', '--release', '--yes'] as const;
    // A lease that an earlier process left is somebody's work for the first half minute of this one.
    await expect
      .poll(
        async () => {
          await lab.host(1).host.attempt(...free);
          return lab.consul.value(key);
        },
        { timeout: 60_000, interval: 2_000 },
      )
      .toBeUndefined();
    await healthy(1);
  });

  it('several addresses to choose from, where nobody chose', async () => {
    expect(await codes(1, ['CLUSTER_ADVERTISE='])).toEqual([]);
    await on(1, 'ip address add 192.0.2.7/24 dev eth0');
    expect(await codes(1, ['CLUSTER_ADVERTISE='])).toEqual(['underlay.candidates']);
    expect(await codes(1, ['CLUSTER_ADVERTISE=eth0'])).toEqual([]);
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
  const rule = 'POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE';
  await on(2, `iptables -t nat -D ${rule}`);
  // What it has found out is good for a while.
  await expect.poll(ask, { timeout: 40_000, interval: 2_000 }).toEqual([['docker02', ['engine.masquerading']]]);
  await on(2, `iptables -t nat -A ${rule}`);
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

  it('the one that serves, so that docker_gwbridge stays as somebody has made it; the cure, as it says or a start', async () => {
    await lab.host(1).plugin.kill();
    const cured = async (breaks: string, what: RegExp) => {
      await on(1, breaks);
      const found = (await doctor(1)).findings.filter(({ code }) => code === 'underlay.gwbridge');
      expect(found).toEqual([expect.objectContaining({ what: expect.stringMatching(what) })]);
      await on(1, found[0]?.cure.split(';')[0] ?? 'false');
      expect(await codes(1)).toEqual(['agent.rows']);
    };
    await cured('ip link set docker_gwbridge down', /^docker_gwbridge is down$/);
    await cured(
      'ip link set docker_gwbridge mtu 9000',
      /^docker_gwbridge has MTU 9000, and the interface that packets leave by has 1500$/,
    );
    await lab.host(1).plugin.start();
    await healthy(1);
  });

  it('Consul, and all three', async () => {
    await lab.host(1).plugin.kill();
    await lab.consul.kill();
    const without = await doctor(1);
    expect(without.findings.map(({ code }) => code)).toEqual(['agent.rows', 'store.consul']);
    await lab.host(1).engine.kill();
    const all = await doctor(1);
    expect(all.findings.map(({ code }) => code)).toEqual(['agent.rows', 'engine.serving', 'store.consul']);
    expect(Math.max(without.seconds, all.seconds)).toBeLessThan(11);
  });
});
