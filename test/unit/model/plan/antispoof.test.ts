import { describe, expect, it } from 'vitest';
import { diff } from '../../../../src/model/diff/diff.js';
import { damage } from '../../../../src/model/diff/drift.js';
import { repairs } from '../../../../src/model/diff/repairs.js';
import { linkLocalOf } from '../../../../src/model/plan/antispoof.js';
import type { NamespacePlan, Sender } from '../../../../src/model/plan/namespace-plan.js';
import type { ObservedFilter, ObservedNamespace } from '../../../../src/model/plan/observed.js';
import { plan } from '../../../../src/model/plan/plan.js';
import { bridgeMac, namespaceName } from '../../../../src/model/values/names.js';
import type { Cidr, Endpoint, Ip, Mac } from '../../../../src/model/values/types.js';
import { cluster, endpoint, endpointId, HOST1, HOST2, network, networkId, selfOf } from '../fixtures.js';

const name = namespaceName(networkId(1));
const MAC = '02:42:ac:10:01:01' as Mac;
const self = { ...selfOf(HOST1), joined: new Set([endpointId(1)]), sandboxes: new Map() };
const on = { options: { 'tsoverlay.antispoof': 'on' } };

const planned = (options: object, change: Partial<Endpoint> = {}) =>
  plan(cluster([network(options)], [endpoint(1, HOST1, change), endpoint(2, HOST2)]), self, name) as NamespacePlan;
const senderOf = (change: Partial<Endpoint>) => planned(on, change).ports[0]?.sender;

describe('the plan', () => {
  it('holds ports to their records only where the network is to', () => {
    expect(planned(on).ports[0]?.sender).toEqual({ mac: MAC, addresses: ['172.16.1.1'] });
    for (const options of [{}, { options: { 'tsoverlay.antispoof': 'off' } }])
      expect(planned(options).ports[0]).not.toHaveProperty('sender');
  });

  it('takes all addresses, IPv4 first, and with IPv6 the link-local one that the kernel makes of the MAC', () => {
    const addresses = ['fd00::1/64', '172.16.1.1/24', '172.16.1.7/24'] as Cidr[];
    expect(senderOf({ addresses, linkLocal: ['169.254.7.7'] as Ip[] })?.addresses).toEqual([
      '172.16.1.1',
      '172.16.1.7',
      '169.254.7.7',
      'fd00::1',
      'fe80::42:acff:fe10:101',
    ]);
    expect(linkLocalOf('02:00:00:00:00:00' as Mac)).toBe('fe80::ff:fe00:0');
    expect(linkLocalOf('ae:12:34:56:78:9a' as Mac)).toBe('fe80::ac12:34ff:fe56:789a');
  });

  it('bounds what a forged record can ask of the kernel', () => {
    const addresses = Array.from({ length: 100 }, (_, i) => `10.0.${i >> 8}.${i & 255}/8` as Cidr);
    expect(senderOf({ addresses })?.addresses).toHaveLength(16);
  });
});

const link = { index: 1, mtu: 1450, up: true, mac: MAC, alias: '' };
const flags = { vni: 256, port: 4789, learning: false, proxy: true };
const quiet = { learning: false, flood: false };
const healthy: ObservedNamespace = {
  name,
  links: [
    {
      ...{ ...link, name: 'br0', kind: 'bridge', master: '', mac: bridgeMac(self.id) },
      ...{ alias: networkId(1), bridge: { snooping: false } },
    },
    { ...link, name: 'vxlan0', kind: 'vxlan', master: 'br0', vxlan: flags, port: { ...quiet, flood: true } },
    { ...link, name: 'veth3', kind: 'veth', master: 'br0', alias: endpointId(1), port: quiet },
  ],
  addresses: [{ link: 'br0', address: '172.16.1.254/24' as Cidr }],
  neighbours: [{ link: 'vxlan0', ip: '172.16.1.2' as Ip, mac: '02:42:ac:10:01:02' as Mac }],
  fdb: [{ link: 'vxlan0', mac: '02:42:ac:10:01:02' as Mac, vtep: HOST2 }],
  statics: [
    { link: 'veth3', mac: MAC },
    { link: 'vxlan0', mac: '02:42:ac:10:01:02' as Mac },
  ],
  sysctls: new Map(),
  filters: [],
};
const sender: Sender = { mac: MAC, addresses: ['172.16.1.1' as Ip] };
/** What concerns filters and their ports. */
const ABOUT = ['replaceFilter', 'removeFilter', 'createPort', 'removeLink', 'setMaster', 'setUp'];
const concerning = (wanted: NamespacePlan, seen: ObservedNamespace) =>
  diff(name, wanted, seen).filter((step) => ABOUT.includes(step.kind));
const steps = (options: object, filters: readonly ObservedFilter[], change: Partial<ObservedNamespace> = {}) =>
  concerning(planned(options), { ...healthy, filters, ...change });

describe('the diff', () => {
  it('is empty where filters are as planned, and where there are none to be', () => {
    expect(steps(on, [{ link: 'veth3', sender }])).toEqual([]);
    expect(steps({}, [])).toEqual([]);
  });

  it.each([
    [[], 'missing'],
    [[{ link: 'veth3' }], 'its rules differ'],
    [
      [{ link: 'veth3', sender: { ...sender, addresses: ['172.16.1.9' as Ip] } }],
      'it holds to 02:42:ac:10:01:01 172.16.1.9',
    ],
    [
      [{ link: 'veth3', sender: { ...sender, mac: '02:00:00:00:00:01' as Mac } }],
      'it holds to 02:00:00:00:00:01 172.16.1.1',
    ],
  ])('replaces %j as a whole: %s', (filters, reason) => {
    expect(steps(on, filters)).toEqual([{ kind: 'replaceFilter', link: 'veth3', sender, reason, ns: name }]);
  });

  it('removes a filter that nobody wants any more, and that of a port that is gone', () => {
    const unwanted = { kind: 'removeFilter', reason: 'not planned', prune: true };
    expect(steps({}, [{ link: 'veth3', sender }])).toMatchObject([{ ...unwanted, link: 'veth3' }]);
    expect(steps(on, [{ link: 'veth3', sender }, { link: 'veth9' }])).toMatchObject([{ ...unwanted, link: 'veth9' }]);
  });

  it('takes a stray port away before its filter', () => {
    const stray = { ...link, name: 'veth9', kind: 'veth', master: 'br0', alias: endpointId(7) };
    const links = [...healthy.links, stray];
    expect(
      steps(
        on,
        [
          { link: 'veth3', sender },
          { link: 'veth9', sender },
        ],
        { links },
      ).map((s) => s.kind),
    ).toEqual(['removeLink', 'removeFilter']);
  });

  it('gives none to a link that only says it is the port', () => {
    const twin = { ...link, name: 'veth9', kind: 'veth', master: 'br0', alias: endpointId(1), port: quiet };
    for (const links of [
      [...healthy.links, twin],
      [twin, ...healthy.links],
    ])
      expect(
        steps(on, [{ link: 'veth3', sender }], { links }).map((s) => ('link' in s ? `${s.kind} ${s.link}` : '')),
      ).toEqual([
        ...links.filter((l) => l.kind === 'veth').map((l) => `removeLink ${l.name}`),
        'removeFilter veth3',
        'createPort veth0',
      ]);
  });

  it('puts the filter right before it sets a port up or gives it its bridge', () => {
    const links = healthy.links.map((l) => (l.kind === 'veth' ? { ...l, up: false, master: '' } : l));
    expect(steps(on, [], { links }).map((s) => s.kind)).toEqual(['replaceFilter', 'setMaster', 'setUp']);
  });

  it('makes a port with its filter', () => {
    const links = healthy.links.filter((l) => l.kind !== 'veth');
    const change = { links, statics: [] };
    expect(steps(on, [], change)[0]).toMatchObject({ kind: 'createPort', link: 'veth0', sender });
    expect(steps({}, [], change)[0]).not.toHaveProperty('sender');
  });
});

it('a filter that is not as it was made is a repair, one with new addresses is none', () => {
  const found = { ...healthy, filters: [] };
  const [before, after] = [planned(on), planned(on, { linkLocal: ['169.254.7.7' as Ip] })];
  expect(repairs(concerning(before, found), found, before)).toHaveLength(1);
  const held = { ...healthy, filters: [{ link: 'veth3', sender }] };
  expect(concerning(after, held)).toHaveLength(1);
  expect(repairs(concerning(after, held), held, before)).toEqual([]);
});

it('changed rules are damage only where there are to be some', () => {
  expect(damage(planned(on), { kind: 'rules' })).toBe('nft rules were changed');
  const multicast = { options: { 'tsoverlay.multicast': 'on' } };
  expect(damage(planned(multicast), { kind: 'rules' })).toBe('nft rules were changed');
  expect(damage(planned({}), { kind: 'rules' })).toBeUndefined();
});
