/** Passes over a real kernel: the short way as two hosts make it, keep it over restarts, mend it, and take it away. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Log } from '../../src/health/events.js';
import { UNMEASURED } from '../../src/health/measures.js';
import { NOBODY } from '../../src/health/row.js';
import { PROGRAMS } from '../../src/kernel/bpf/programs.js';
import { Wire } from '../../src/kernel/bpf/wire.js';
import type { LinuxKernel } from '../../src/kernel/host.js';
import { Accelerator } from '../../src/kernel/host-parts/accelerator.js';
import { LinuxHostParts } from '../../src/kernel/host-parts/host-parts.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { containerEnd } from '../../src/model/values/names.js';
import type { AccelerateMode } from '../../src/model/values/settings.js';
import type { Cidr, EndpointId, Mac, NetworkId } from '../../src/model/values/types.js';
import { HostPass } from '../../src/reconcile/host/host-pass.js';
import { AcceleratorPlanner } from '../../src/reconcile/host-parts/accelerator-planner.js';
import { HostPartsPass } from '../../src/reconcile/host-parts/host-parts-pass.js';
import { always } from '../../src/reconcile/host-parts/planner.js';
import { FakeStore } from '../fakes/store.js';
import { HOST1, HOST2, selfOf } from '../unit/model/fixtures.js';
import { hexId, makeHost, POOL } from '../unit/registry/host.js';
import { Bench, type Host, run } from './bench.js';
import { meshOf } from './host-parts.js';

const network = hexId(1) as NetworkId;
const namespace = `1-${network.slice(0, 10)}`;
const END = `tsl${namespace.slice(2)}`;

let bench: Bench;
let hosts: readonly [Host, Host];
let store: FakeStore;
const ending = new Map<Host, () => void>();
const warnings: string[] = [];
const hindrances: string[] = [];

type Agent = Awaited<ReturnType<typeof start>>;

/** What a start of the process makes: it knows the store, and finds the kernel as it is. */
async function start(host: Host, kernel: LinuxKernel, mode: AccelerateMode = 'auto') {
  const { vtep } = host;
  const registry = await makeHost(store, vtep);
  const { view, local, membership, peers } = registry;
  await registry.networksSeen(network);
  const warn = (_: object, text: string) => warnings.push(text);
  const log = { warn, debug: vi.fn(), info: vi.fn(), error: warn } as unknown as Log;
  const planner = new AcceleratorPlanner({
    ...{ mode, local: vtep, port: 4789, isGuarded: true },
    row: {
      ...NOBODY.of('host.acceleration').row(),
      ok: () => hindrances.push('none'),
      degraded: ({ reason }) => hindrances.push(reason),
    },
  });
  const pass = new HostPass({
    ...{ kernel, view, local, membership, peers, log, meter: UNMEASURED, rows: NOBODY },
    self: { ...selfOf(vtep), mtu: () => 1500, acceleration: () => planner.acceleration },
    tenure: { prunes: true, refusal: undefined },
  });
  planner.onDecided(() => pass.kickAll());
  view.onChange((_, { endpoints }) => {
    for (const id of endpoints) pass.kick(id);
  });
  const parts = withNamespace(host.path, () => {
    const accelerator = new Accelerator({ mode, shortWays: kernel.shortWays, local: vtep, port: 4789 });
    return new LinuxHostParts({ underlay: 4, mode: 'on', port: 4789, accelerator, crypt: meshOf(kernel) });
  });
  const hostParts = new HostPartsPass({
    kernel: parts,
    planners: {
      vxlanGuard: always<'vxlanGuard'>('off'),
      consulGuard: always<'consulGuard'>('off'),
      gwbridge: always<'gwbridge'>({ mtu: 'keep' }),
      sysctls: always<'sysctls'>([]),
      uplinks: always<'uplinks'>('off'),
      encryptionFence: always<'encryptionFence'>('off'),
      probe: always<'probe'>('off'),
      crypt: always<'crypt'>('off'),
      accelerator: planner,
    },
    ...{ requestGwbridge: () => {}, port: 4789, log, meter: UNMEASURED, rows: NOBODY },
  });
  const stop = () => {
    void pass.stop();
    void hostParts.stop();
    registry.stop();
  };
  ending.set(host, stop);
  await pass.adopt();
  pass.open();
  hostParts.kick('accelerator');
  return { ...registry, host, pass, hostParts, stop, planner };
}

/** A container 172.16.1.<n>, as the engine makes it. */
async function attach({ host, endpoints, view, local, pass }: Agent, n: number): Promise<string> {
  const id = String(n).repeat(64) as EndpointId;
  const mac = `02:42:ac:10:01:0${n}` as Mac;
  await endpoints.create({ id, network, addresses: [`172.16.1.${n}/24` as Cidr], mac, leased: true });
  await vi.waitFor(() => expect(view.current.endpoints.get(network)?.has(id)).toBe(true));
  const netns = bench.namespace(`c${n}`);
  local.join(id, netns);
  await pass.settled(network, 5_000);
  run(host.path, 'ip', 'link', 'set', containerEnd(id), 'netns', netns, 'name', 'eth0', 'address', mac);
  run(netns, 'ip', 'address', 'add', `172.16.1.${n}/24`, 'dev', 'eth0');
  run(netns, 'ip', 'link', 'set', 'eth0', 'up');
  return netns;
}

const inside = (host: Host) => `${host.netnsDir}/${namespace}`;
/** The programs that are hooked on a host, by name, with their ids. */
const programs = (host: Host): readonly string[] => {
  const at = (netns: string, ...where: string[]) => {
    try {
      return run(netns, 'tc', 'filter', 'show', ...where);
    } catch {
      return '';
    }
  };
  const all = [
    at(host.path, 'dev', 'eth0', 'ingress'),
    at(host.path, 'dev', END, 'ingress'),
    at(inside(host), 'dev', 'lane0', 'ingress'),
    at(inside(host), 'block', '1'),
  ].join('');
  return [...all.matchAll(/tsoverlay-(\w+) .* id (\d+)/g)].map(([, name, id]) => `${name} ${id}`);
};
const names = (host: Host) => programs(host).map((p) => p.split(' ')[0]);
const ALL = ['arrive', 'leave', 'deliver', 'send'];
const short = (host: Host) =>
  Number(/"packets":(\d+)/.exec(run(inside(host), 'ip', '-s', '-j', 'link', 'show', 'lane0'))?.[1]);
const ping = (from: string, n: number) => run(from, 'ping', '-c1', '-W1', `172.16.1.${n}`);

/** Looks again and again, with time for the passes in between: looking blocks them. */
async function until(check: () => void, ms = 5_000): Promise<void> {
  for (const end = performance.now() + ms; ; ) {
    await sleep(250);
    try {
      return check();
    } catch (e) {
      if (performance.now() > end) throw e;
    }
  }
}

/** A packet each 10 ms while `work` goes on and until all answers are there; gives how many were lost. */
async function losing(from: string, n: number, work: () => Promise<unknown>): Promise<number> {
  const ping = spawn('nsenter', [`--net=${from}`, 'ping', '-q', '-i', '0.01', '-c', '600', '-W', '3', `172.16.1.${n}`]);
  const ended = once(ping, 'exit');
  let text = '';
  ping.stdout.on('data', (piece) => {
    text += piece;
  });
  await sleep(200);
  await work();
  expect(ping.exitCode, 'it was long enough').toBeNull();
  await ended;
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
  return Number(sent) - Number(received);
}

let a: Agent, b: Agent, one: string, two: string;
beforeEach(async () => {
  bench = new Bench();
  hosts = [bench.host('docker01', HOST1), bench.host('docker02', HOST2)];
  bench.cable(...hosts, `${HOST1}/24`, `${HOST2}/24`);
  for (const { path } of hosts) run(path, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  store = new FakeStore();
  warnings.length = 0;
  hindrances.length = 0;
  const maker = await makeHost(store, HOST1);
  await maker.pools.claim(POOL, undefined);
  const record = { subnets: [{ pool: POOL, aux: {} }], vnis: [], options: {}, internal: false, ipv6: false };
  await maker.networks.create({ id: network, ...record, ipam: 'cluster' });
  maker.stop();
  [a, b] = [await start(hosts[0], hosts[0].kernel), await start(hosts[1], hosts[1].kernel)];
  [one, two] = [await attach(a, 1), await attach(b, 2)];
  for (const host of hosts) await until(() => expect(names(host)).toEqual(ALL), 5_000);
  await until(() => ping(one, 2), 5_000);
});
afterEach(() => {
  for (const end of ending.values()) end();
  ending.clear();
  bench.close();
});

test('containers of two hosts talk by the short way, and what comes later does too', async () => {
  const before = short(hosts[1]);
  ping(one, 2);
  expect(short(hosts[1])).toBeGreaterThan(before);
  const three = await attach(b, 3);
  await until(() => ping(three, 1), 5_000);
  const again = short(hosts[0]);
  await until(() => {
    ping(three, 1);
    expect(short(hosts[0])).toBeGreaterThan(again);
  });
  ping(three, 2);
  expect(warnings).toEqual([]);
  expect(new Set(hindrances)).toEqual(new Set(['none']));
});

/** Packets that are lost while both hosts' processes are restarted one after the other. */
const lostInRestarts = () =>
  losing(one, 2, async () => {
    for (const [i, host] of hosts.entries()) {
      ending.get(host)?.();
      const again = await start(host, bench.again(host, host.vtep));
      const own = String(i + 1).repeat(64) as EndpointId;
      again.local.attach(own);
      again.local.place(own, i === 0 ? one : two);
      await vi.waitFor(() => expect(again.view.current.endpoints.get(network)?.size).toBe(2));
      await vi.waitFor(() => expect(again.planner.acceleration).toBe('on'), { timeout: 5_000 });
      await again.pass.settled(network, 5_000);
    }
  });

test('a restart loses no packet and touches no program', async () => {
  const before = hosts.map(programs);
  expect(await lostInRestarts()).toBe(0);
  expect(hosts.map(programs)).toEqual(before);
  expect(warnings).toEqual([]);
}, 60_000);

test('a release with another program replaces it without a lost packet, and lists the networks anew', async () => {
  const before = hosts.map(programs);
  const { code, maps } = PROGRAMS.arrive;
  const nothing = Buffer.from([0xbf, 0x11, 0, 0, 0, 0, 0, 0]);
  const behind = maps.map(([at, map]) => [at + 1, map] as const);
  try {
    const other = Buffer.concat([nothing, Buffer.from(code, 'base64')]).toString('base64');
    Object.assign(PROGRAMS.arrive, { code: other, maps: behind });
    expect(await lostInRestarts()).toBe(0);
    for (const [i, host] of hosts.entries()) {
      await until(() => expect(names(host)).toEqual(ALL));
      expect(programs(host)[0]).not.toBe(before[i]?.[0]);
      const started = short(host);
      ping(one, 2);
      expect(short(host)).toBeGreaterThan(started);
    }
  } finally {
    Object.assign(PROGRAMS.arrive, { code, maps });
  }
}, 60_000);

test('what somebody takes away by hand is back within three seconds', async () => {
  const [host] = hosts;
  const steps: readonly (readonly [netns: string, command: string, told: string])[] = [
    [host.path, 'tc filter del dev eth0 ingress', 'repaired the short way in'],
    [host.path, 'tc qdisc del dev eth0 clsact', 'repaired the short way in'],
    [host.path, `tc filter del dev ${END} ingress`, 'createLane'],
    [inside(host), 'tc filter del dev lane0 ingress', 'createLane'],
    [inside(host), 'tc filter del block 1', 'hookPort'],
    [inside(host), 'tc qdisc del dev veth0 clsact', 'hookPort'],
    [host.path, `ip link del ${END}`, 'createLane'],
    [inside(host), 'ip link set lane0 down', 'createLane'],
    [host.path, `ip link set ${END} down`, 'createLane'],
  ];
  for (const [netns, command, told] of steps) {
    warnings.length = 0;
    run(netns, 'sh', '-c', command);
    await until(() => {
      expect(names(host), command).toEqual(ALL);
      expect(warnings.join(), command).toContain(told);
    }, 3_000);
    const started = short(host);
    await until(() => {
      ping(one, 2);
      expect(short(host), command).not.toBe(started);
    });
  }
}, 60_000);

test('a host whose forwarding is turned off reaches the others again within three seconds', async () => {
  run(hosts[0].path, 'sysctl', '-qw', 'net.ipv4.ip_forward=0');
  await until(() => expect(() => ping(one, 2)).not.toThrow(), 3_000);
});

test('ACCELERATE=off takes all of it away and loses no packet, and so does rm', async () => {
  const lost = await losing(one, 2, async () => {
    ending.get(hosts[0])?.();
    const again = await start(hosts[0], bench.again(hosts[0], HOST1), 'off');
    const own = '1'.repeat(64) as EndpointId;
    again.local.attach(own);
    again.local.place(own, one);
    await vi.waitFor(() => expect(again.view.current.endpoints.get(network)?.size).toBe(2));
    await again.pass.settled(network, 5_000);
    await until(() => expect(names(hosts[0])).toEqual([]), 5_000);
  });
  expect(lost).toBe(0);
  expect(run(hosts[0].path, 'sh', '-c', 'ip -br link; tc qdisc show')).not.toMatch(/tsl|clsact/);

  await b.endpoints.remove(network, '2'.repeat(64) as EndpointId, false);
  await until(() => expect(run(hosts[1].path, 'ip', '-br', 'link')).not.toContain('tsl'), 5_000);
  const wire = new Wire(hosts[1].kernel.shortWays.host);
  expect(await wire.listed(256)).toEqual({ macs: undefined, lane: undefined });
  wire.close();
}, 60_000);

test('a host with rules of its own for the port keeps to the ordinary way while there are any', async () => {
  const chain = 'nft add table ip lab; nft add chain ip lab in "{ type filter hook input priority 0; }"';
  const rules: readonly (readonly [add: string, remove: string])[] = [
    [`${chain}; nft add rule ip lab in udp dport 4789 counter`, 'nft delete table ip lab'],
    [`${chain}; nft add rule ip lab in udp dport "{ 53, 4789 }" counter`, 'nft delete table ip lab'],
    ['iptables -A INPUT -p udp --dport 4789 -j ACCEPT', 'iptables -D INPUT -p udp --dport 4789 -j ACCEPT'],
    ['iptables -A INPUT -p udp -m multiport --dports 53,4789 -j ACCEPT', 'iptables -F INPUT'],
    [
      'ip xfrm policy add dir out src 10.0.0.0/24 dst 10.0.0.0/24 proto udp dport 4789 tmpl proto esp mode transport',
      'ip xfrm policy flush',
    ],
  ];
  // Another one on each host at the same time.
  for (let at = 0; at < rules.length; at += hosts.length) {
    const some = hosts.flatMap((host, i) => {
      const rule = rules[at + i];
      return rule === undefined ? [] : [{ host, add: rule[0], remove: rule[1] }];
    });
    hindrances.length = 0;
    for (const { host, add } of some) run(host.path, 'sh', '-c', add);
    await until(() => {
      for (const { host, add } of some) expect(names(host), add).toEqual([]);
    }, 4_000);
    expect(hindrances.filter((reason) => /is about UDP 4789/.test(reason))).toHaveLength(some.length);
    for (const { host, remove } of some) run(host.path, 'sh', '-c', remove);
    await until(() => {
      for (const { host, add } of some) expect(names(host), add).toEqual(ALL);
    }, 4_000);
    ping(one, 2);
  }
}, 60_000);
