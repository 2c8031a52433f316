/** Checks whose facts come from the store, the engine, the underlay: a healthy host, and each thing that is broken. */
import { describe, expect, it } from 'vitest';
import { leases } from '../../../src/doctor/checks/cluster/leases.js';
import { nodes } from '../../../src/doctor/checks/cluster/nodes.js';
import { releases } from '../../../src/doctor/checks/cluster/releases.js';
import { rows } from '../../../src/doctor/checks/cluster/rows.js';
import { masquerading } from '../../../src/doctor/checks/engine/masquerading.js';
import { swarm } from '../../../src/doctor/checks/engine/swarm.js';
import { devices, entries } from '../../../src/doctor/checks/kernel/differences.js';
import { clock } from '../../../src/doctor/checks/store/clock.js';
import { consul } from '../../../src/doctor/checks/store/consul.js';
import { rights } from '../../../src/doctor/checks/store/rights.js';
import { session } from '../../../src/doctor/checks/store/session.js';
import { candidates } from '../../../src/doctor/checks/underlay/candidates.js';
import { type GwbridgeFacts, gwbridge } from '../../../src/doctor/checks/underlay/gwbridge.js';
import { probes } from '../../../src/doctor/checks/underlay/probes.js';
import { type ReturnPathFacts, returnPath } from '../../../src/doctor/checks/underlay/return-path.js';
import type { ServerLook } from '../../../src/doctor/looks/consul.js';
import { namedDifferences } from '../../../src/doctor/surroundings.js';
import type { Cidr } from '../../../src/model/values/types.js';
import { HOST1, HOST2, network, networkId } from '../model/fixtures.js';
import { idOf, livingNode } from '../nodes.js';

const whats = (troubles: readonly { readonly what: string }[]) => troubles.map(({ what }) => what);

describe('cluster', () => {
  const away = { ...livingNode(HOST2), hostname: 'docker02', alive: false };

  it('nodes: those that are away, with what they hold', () => {
    expect(nodes.judge({ nodes: [livingNode(HOST1)], endpoints: [] })).toEqual([]);
    expect(whats(nodes.judge({ nodes: [livingNode(HOST1), away], endpoints: [{ node: idOf(HOST2) }] }))).toEqual([
      `host docker02 (${HOST2}) is away, and holds 1 endpoints`,
    ]);
    expect(whats(nodes.judge({ nodes: [away], endpoints: [] }))).toEqual([`host docker02 (${HOST2}) is away`]);
  });

  it('releases: those that hosts run, of which there is to be one', () => {
    const host = (n: number, release?: string, alive = true) =>
      livingNode(`10.0.0.${n}`, { hostname: `h${n}`, alive, ...(release === undefined ? {} : { release }) });
    const same = [1, 2, 3].map((n) => host(n, '0.2.0'));
    expect(releases.judge([])).toEqual([]);
    expect(releases.judge([...same, host(4, '0.1.0', false)])).toEqual([]);
    expect(whats(releases.judge([...same, host(4, '0.2.0'), host(5, '0.1.0')]))).toEqual([
      '2 releases are run: 0.1.0 on h5; 0.2.0 on h1, h2, h3 and 1 more',
    ]);
    expect(whats(releases.judge([host(1, '0.2.0'), host(2)]))).toEqual([
      '2 releases are run: 0.2.0 on h1; one that does not say on h2',
    ]);
  });

  it('leases: those that leak', () => {
    expect(leases.judge(0)).toEqual([]);
    expect(whats(leases.judge(3))).toEqual(['3 addresses are held, and nobody uses them']);
  });

  it('rows: those that matter, each with its cure; one that does not serve is one', () => {
    expect(rows.judge([])).toEqual([]);
    const row = { code: 'guard.vxlan', subject: '', text: 'VXLAN is let in', cure: 'Load nf_tables.' } as const;
    expect(rows.judge([{ ...row, severity: 'high' }])).toEqual([
      { what: 'VXLAN is let in (guard.vxlan)', cure: 'Load nf_tables.' },
    ]);
    expect(rows.judge([{ ...row, severity: 'low' }])).toEqual([]);
    // Another check says so.
    expect(rows.judge([{ ...row, code: 'engine.events', severity: 'medium' }])).toEqual([]);
    expect(whats(rows.judge('tsoverlay does not serve on this host'))).toEqual([
      'tsoverlay does not serve on this host',
    ]);
  });
});

describe('store', () => {
  const sound: ServerLook = { address: '10.0.0.60:8500', times: [1, 1, 2, 40], ahead: 0, denied: [] };
  const judgeAll = (server: Partial<ServerLook>) =>
    [consul, rights, clock].flatMap((check) => whats(check.judge([{ ...sound, ...server }])));

  it('nothing is said of a server that is well, nor of a second between clocks', () => {
    expect(judgeAll({})).toEqual([]);
    expect(judgeAll({ ahead: 2 })).toEqual([]);
    expect(judgeAll({ ahead: -5 })).toEqual([]);
  });

  it('one that is away is told once', () => {
    const away = 'Consul at 10.0.0.60:8500 answered 500: No cluster leader';
    expect(judgeAll({ away, times: [] })).toEqual([away]);
    expect(judgeAll({ away: 'it broke', times: [] })).toEqual(['Consul at 10.0.0.60:8500: it broke']);
  });

  it('one that is slow, by its tail', () => {
    const fast = Array.from({ length: 20 }, () => 5);
    expect(judgeAll({ times: [...fast, 900] })).toEqual([
      'Consul at 10.0.0.60:8500 takes 900 ms for one of a hundred reads, and 5 ms for most',
    ]);
    expect(judgeAll({ times: [3, 4, 5, 900] })).toEqual([]);
    expect(judgeAll({ times: [3, 610, 640, 900] })).toEqual(['Consul at 10.0.0.60:8500 takes 640 ms for a read']);
  });

  it('rights that lack, some by name', () => {
    expect(judgeAll({ denied: ['tsoverlay/nodes/0.0.0.0', 'sessions'] })).toEqual([
      'the token may not write tsoverlay/nodes/0.0.0.0, sessions, as Consul at 10.0.0.60:8500 says',
    ]);
    expect(judgeAll({ denied: ['a', 'b', 'c', 'd', 'e', 'f'] })[0]).toContain('a, b, c, d and 2 more');
  });

  it('a session that is lost often, or has just been', () => {
    const judge = (ageMs: number | undefined, lost: number, servedMs = 3_600_000) =>
      whats(session.judge({ ageMs, lost, servedMs }));
    const healthy = [judge(undefined, 0), judge(3_000_000, 0), judge(2_000, 0, 3_000), judge(400_000, 2)];
    expect([...healthy.flat(), ...session.judge(undefined)]).toEqual([]);
    expect(judge(9_400, 1)).toEqual(['the session is 9 s old, and one before it was lost within the last ten minutes']);
    expect(judge(180_000, 4)).toEqual([
      'the session is 180 s old, and 4 before it were lost within the last ten minutes',
    ]);
  });

  it('clocks that differ, in either direction', () => {
    expect(judgeAll({ ahead: 12 })).toEqual(['the clock of this host is 12 s behind that of Consul at 10.0.0.60:8500']);
    expect(judgeAll({ ahead: -70 })).toEqual([
      'the clock of this host is 70 s before that of Consul at 10.0.0.60:8500',
    ]);
  });
});

describe('kernel', () => {
  const found = (about: 'entry' | 'device', n: number) =>
    Array.from({ length: n }, (_, i) => ({ where: i === 0 ? 'host' : 'shop', about, what: `thing ${i}` }));

  it('what is not as planned: entries and devices apart, some by name', () => {
    const all = [...found('entry', 7), ...found('device', 2)];
    expect(whats(devices.judge(all))).toEqual(['this host: thing 0', 'network shop: thing 1']);
    expect(whats(entries.judge(all)).slice(4)).toEqual(['network shop: thing 4', 'and 2 more like these']);
    expect([...devices.judge([]), ...entries.judge([])]).toEqual([]);
  });

  it('names networks, and does not call well what could not be looked at', () => {
    const one = { where: networkId(1), about: 'entry' as const, what: 'x' };
    const named = network({ announced: { name: 'shop', ipam: 'default' } as never });
    expect(namedDifferences([one, { ...one, where: 'host' }], 1, [named]).map(({ where }) => where)).toEqual([
      'shop',
      'host',
    ]);
    expect(() => namedDifferences([], 2, [])).toThrow('2 networks could not be looked at in time');
  });
});

describe('engine', () => {
  it('a swarm manager is fine unless SCOPE is global', () => {
    expect(swarm.judge({ isManager: true, scope: 'auto' })).toEqual([]);
    expect(swarm.judge({ isManager: false, scope: 'global' })).toEqual([]);
    expect(whats(swarm.judge({ isManager: true, scope: 'global' }))).toHaveLength(1);
  });

  it('docker_gwbridge that does not masquerade', () => {
    const judge = (asked: boolean | undefined, isThere?: boolean) =>
      whats(masquerading.judge({ asked, found: [{ network: '172.18.0.0/16' as Cidr, isThere }] }));
    expect([judge(true, true), judge(true, undefined), judge(undefined, false)].flat()).toEqual([]);
    expect(judge(false, false)).toEqual([expect.stringContaining('enable_ip_masquerade=false')]);
    expect(judge(true, false)).toEqual([
      "no rule of this host masquerades what comes from 172.18.0.0/16, the network of docker_gwbridge: somebody has taken the engine's away",
    ]);
  });
});

describe('underlay', () => {
  it('several addresses to choose from, where nobody chose', () => {
    const two = ['10.0.0.60', '192.168.1.4'];
    expect(candidates.judge({ asked: '', chosen: '10.0.0.60', candidates: ['10.0.0.60'] })).toEqual([]);
    expect(candidates.judge({ asked: 'eth0', chosen: '10.0.0.60', candidates: two })).toEqual([]);
    expect(whats(candidates.judge({ asked: '', chosen: '10.0.0.60', candidates: two }))).toEqual([
      'CLUSTER_ADVERTISE is empty, and this host has 10.0.0.60, 192.168.1.4; 10.0.0.60 was chosen',
    ]);
  });

  const two: ReturnPathFacts = {
    ...{ link: 'eth0', filter: 0, guard: 'incoming', answered: undefined },
    others: new Map([
      ['10.0.0.61', { by: 'eth0', isRouted: false }],
      ['10.0.0.62', { by: 'eth1', isRouted: false }],
    ]),
  };

  it('answers that take another way, where the filter is strict or the guard is on', () => {
    const judge = (change: Partial<ReturnPathFacts>) => whats(returnPath.judge({ ...two, ...change }));
    const WHAT = 'what 10.0.0.62 sends comes in by eth0, answers leave by eth1, and';
    expect([0, 2].flatMap((filter) => judge({ filter }))).toEqual([]);
    expect(judge({ link: undefined, filter: 1 })).toEqual([]);
    expect(judge({ filter: 1 })).toEqual([`${WHAT} rp_filter of eth0 is strict`]);
    expect(judge({ guard: 'on' })).toEqual([`${WHAT} VXLAN_GUARD is on`]);
    expect(judge({ filter: 1, guard: 'on' })).toEqual([`${WHAT} rp_filter of eth0 is strict and VXLAN_GUARD is on`]);
  });

  it('the probe is the proof of answers that take another way, and wanted for hosts behind a router', () => {
    const judge = (isRouted: boolean, answered: boolean | undefined) =>
      returnPath.judge({
        ...{ ...two, filter: 1, others: new Map([['10.0.0.62', { by: 'eth1', isRouted }]]) },
        answered: answered === undefined ? undefined : new Map([['10.0.0.62', answered]]),
      }).length;
    expect([judge(false, undefined), judge(false, false), judge(false, true)]).toEqual([1, 1, 0]);
    expect([judge(true, undefined), judge(true, false), judge(true, true)]).toEqual([0, 1, 0]);
  });

  const fit: GwbridgeFacts = {
    ...{ mtu: 1500, isUp: true, underlayMtu: 1500, own: ['172.18.0.0/16' as Cidr], isMtuChosen: false },
    others: [{ link: 'eth0', network: '10.0.0.0/24' as Cidr }],
    pools: [{ name: 'shop', pool: '172.16.1.0/24' as Cidr }],
  };
  it.each([
    ['as it is made', {}, []],
    ['none yet', { mtu: undefined, isUp: false, own: [] }, []],
    ['a smaller MTU', { mtu: 1400 }, []],
    ['a larger one that somebody chose', { mtu: 9000, isMtuChosen: true }, []],
    ['a larger one', { mtu: 9000 }, ['docker_gwbridge has MTU 9000, and the interface that packets leave by has 1500']],
    ['down', { isUp: false }, ['docker_gwbridge is down']],
    [
      'over the LAN',
      { own: ['10.0.0.0/16' as Cidr] },
      ['docker_gwbridge has 10.0.0.0/16, and eth0 of this host 10.0.0.0/24'],
    ],
    [
      'over a network',
      { own: ['172.16.0.0/16' as Cidr] },
      ['docker_gwbridge has 172.16.0.0/16, and network shop 172.16.1.0/24'],
    ],
  ] as const)('docker_gwbridge: %s', (_, change, said) => {
    expect(whats(gwbridge.judge({ ...fit, ...change }))).toEqual(said);
  });

  it('probes: each host that does not answer, by name', () => {
    const names = new Map([[HOST2 as string, 'docker02']]);
    expect(whats(probes.judge({ port: 4789, names, probes: [{ answered: false, peer: HOST2 }] }))).toEqual([
      `docker02 (${HOST2}): no answer came through UDP 4789 (probe.answer)`,
    ]);
  });
});
