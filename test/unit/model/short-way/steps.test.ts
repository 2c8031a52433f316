import { describe, expect, it } from 'vitest';
import { deviceSteps, peerSteps } from '../../../../src/model/diff/change.js';
import { diff } from '../../../../src/model/diff/diff.js';
import { damage } from '../../../../src/model/diff/drift.js';
import type { NamespacePlan } from '../../../../src/model/plan/namespace-plan.js';
import type { ObservedAcceleration, ObservedLink, ObservedNamespace } from '../../../../src/model/plan/observed.js';
import { plan } from '../../../../src/model/plan/plan.js';
import type { Self } from '../../../../src/model/plan/self.js';
import type { Step } from '../../../../src/model/plan/steps.js';
import { accelerationOf } from '../../../../src/model/plan/underlay.js';
import { MOST_WAYS, waysOf } from '../../../../src/model/short-way/steps.js';
import { bridgeMac, namespaceName } from '../../../../src/model/values/names.js';
import type { Cidr, EndpointId, Mac, Network } from '../../../../src/model/values/types.js';
import { cluster, endpoint, endpointId, HOST1, HOST2, network, networkId, selfOf } from '../fixtures.js';

const name = namespaceName(networkId(1));
const self: Self = {
  ...selfOf(HOST1),
  acceleration: 'on',
  joined: new Set<EndpointId>([endpointId(1)]),
  sandboxes: new Map(),
};
const MAC1 = '02:42:ac:10:01:01' as Mac;
const MAC2 = '02:42:ac:10:01:02' as Mac;
const MARK = `256 ${HOST1}:4789 1464`;

const net = network();
const own = endpoint(1, HOST1);
const planned = (who: Self = self, ...remote: readonly number[]): NamespacePlan => {
  const all = [own, ...remote.map((n) => endpoint(n, HOST2))];
  const made = plan(cluster([net], all), who, name);
  if (made === undefined) throw new Error('no plan');
  return made;
};

const link = { index: 9, mtu: 1450, up: true, mac: '02:00:00:00:00:00' as Mac, alias: '' };
const port = { learning: false, flood: false };
const healthy = (acceleration?: ObservedAcceleration): ObservedNamespace => {
  const links: ObservedLink[] = [
    {
      ...link,
      name: 'br0',
      kind: 'bridge',
      master: '',
      mac: bridgeMac(self.id),
      alias: networkId(1),
      bridge: { snooping: false },
    },
    {
      ...link,
      name: 'vxlan0',
      kind: 'vxlan',
      master: 'br0',
      vxlan: { vni: 256, port: 4789, learning: false, proxy: true },
      port,
    },
    { ...link, name: 'veth0', kind: 'veth', master: 'br0', alias: endpointId(1), port },
    ...(acceleration ? [{ ...link, name: 'lane0', kind: 'veth', master: '', mtu: 65_535 }] : []),
  ];
  return {
    ...{ name, links, sysctls: new Map(), filters: [] },
    addresses: [{ link: 'br0', address: '172.16.1.254/24' as Cidr }],
    neighbours: [{ link: 'vxlan0', ip: '172.16.1.2' as never, mac: MAC2 }],
    fdb: [{ link: 'vxlan0', mac: MAC2, vtep: HOST2 }],
    statics: [
      { link: 'veth0', mac: MAC1 },
      { link: 'vxlan0', mac: MAC2 },
    ],
    ...(acceleration && { acceleration }),
  };
};
const whole: ObservedAcceleration = {
  lane: MARK,
  ports: new Map([['veth0', MARK]]),
  ways: new Map([
    [MAC1, 'veth0'],
    [MAC2, HOST2 as string],
  ]),
};
const told = (steps: readonly Step[] = []) =>
  steps.map((s) => [s.kind, 'mac' in s ? s.mac : 'link' in s ? s.link : '', 'at' in s ? s.at : ''].join(' ').trim());

describe('the short way of a network', () => {
  it('is made with all that it needs, and then there is nothing to do', () => {
    expect(told(diff(name, planned(self, 2), healthy()))).toEqual([
      'createLane',
      'hookPort veth0',
      `replaceWay ${MAC1} veth0`,
      `replaceWay ${MAC2} ${HOST2}`,
    ]);
    expect(diff(name, planned(self, 2), healthy(whole))).toEqual([]);
  });

  it('goes where it is not wanted any more, and stays while that is not known', () => {
    const off = planned({ ...self, acceleration: 'off' }, 2);
    expect(told(diff(name, off, healthy(whole)))).toEqual(['removeLane']);
    expect(diff(name, off, healthy())).toEqual([]);
    const undecided = planned({ ...self, acceleration: 'undecided' }, 2);
    for (const found of [healthy(whole), healthy()]) expect(diff(name, undecided, found)).toEqual([]);
  });

  it('has what differs put right, and nothing else', () => {
    const found = (change: Partial<ObservedAcceleration>) =>
      told(diff(name, planned(self, 2), healthy({ ...whole, ...change })));
    expect(found({ lane: '' })).toEqual(['createLane', 'hookPort veth0']);
    expect(found({ lane: `256 ${HOST1}:4789 8964` })).toEqual(['createLane', 'hookPort veth0']);
    expect(found({ ports: new Map() })).toEqual(['hookPort veth0']);
    expect(found({ ports: new Map([['veth0', '']]) })).toEqual(['hookPort veth0']);
    expect(found({ ways: new Map([[MAC1, 'veth0']]) })).toEqual([`replaceWay ${MAC2} ${HOST2}`]);
    const strange = new Map([...whole.ways, ['02:00:00:00:00:99' as Mac, '10.0.0.99'], [MAC1, '']]) as never;
    expect(found({ ways: strange })).toEqual(['removeWay 02:00:00:00:00:99', `replaceWay ${MAC1} veth0`]);
  });

  it('follows peers without a look at the tables', () => {
    const [before, after] = [planned(self, 2), planned(self, 3)];
    expect(told(peerSteps(before, after)).filter((s) => s.includes('Way'))).toEqual([
      `removeWay ${MAC2}`,
      `replaceWay 02:42:ac:10:01:03 ${HOST2}`,
    ]);
    expect(peerSteps(before, planned({ ...self, acceleration: 'off' }, 2)), 'turned off').toBeUndefined();
    expect(deviceSteps(before, planned({ ...self, acceleration: 'off' }, 2), healthy(whole))).toBeUndefined();
    const devices = { ...healthy({ ...whole, ways: new Map() }), neighbours: [], fdb: [], statics: [] };
    expect(deviceSteps(before, before, devices)?.steps).toEqual([]);
    expect(deviceSteps(before, before, healthy()), 'without an lane').toBeUndefined();
  });

  it('is damaged when programs are taken away or the lane goes down', () => {
    const notice = { alias: '', mtu: 65_535, master: '', learning: false, snooping: false, gone: false };
    const down = { kind: 'link', link: 'lane0', up: false, ...notice } as const;
    expect(damage(planned(), { kind: 'hooks' })).toBe('programs or their tables were changed');
    expect(damage(planned(), down)).toBe('lane0 is down');
    expect(damage(planned(), { ...down, up: true })).toBeUndefined();
    const off = planned({ ...self, acceleration: 'off' });
    expect([damage(off, { kind: 'hooks' }), damage(off, down)]).toEqual([undefined, undefined]);
  });

  it('has room for so many MACs, those of this host first', () => {
    const peers = Array.from({ length: MOST_WAYS + 5 }, (_, n) => ({
      ...{ vxlan: 'vxlan0', ip: '172.16.9.9' as never, vtep: HOST2 },
      mac: `02:00:00:${[16, 8, 0].map((bits) => ((n >> bits) & 255).toString(16).padStart(2, '0')).join(':')}` as Mac,
    }));
    const ways = waysOf({ ...planned(), peers }, [{ link: 'veth0', mac: MAC1 }]);
    expect([ways.size, ways.get(MAC1)]).toEqual([MOST_WAYS, 'veth0']);
  });
});

describe('a plan has it', () => {
  const of = (change: Partial<Network>, who: Partial<Self> = {}) =>
    accelerationOf(network(change), { ...self, ...who }, (change.mtu ?? 1500) - 50).acceleration;
  it('with frames that fit network and underlay', () => {
    expect(of({})).toEqual({ vni: 256, local: HOST1, port: 4789, longest: 1464 });
    expect(of({ mtu: 1400 })).toMatchObject({ longest: 1364 });
    expect(of({ mtu: 9000 })).toMatchObject({ longest: 1464 });
  });

  it('not where frames are to be looked at, or lie otherwise', () => {
    const two = [1, 2].map((n) => ({ pool: `172.16.${n}.0/24` as Cidr, aux: {}, vni: 255 + n }));
    expect(of({ subnets: two })).toBeUndefined();
    expect(of({ options: { 'tsoverlay.antispoof': 'on' } })).toBeUndefined();
    expect(of({ options: { encrypted: '' } })).toBeUndefined();
    expect(of({}, { address: 'fd00::60' as never })).toBeUndefined();
    expect(of({}, { acceleration: 'off' })).toBeUndefined();
  });
});
