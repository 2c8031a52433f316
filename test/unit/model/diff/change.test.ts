import { describe, expect, it } from 'vitest';
import { deviceSteps, peerSteps } from '../../../../src/model/diff/change.js';
import { diff } from '../../../../src/model/diff/diff.js';
import type { ObservedLink, ObservedNamespace } from '../../../../src/model/plan/observed.js';
import { plan } from '../../../../src/model/plan/plan.js';
import { differences, differing } from '../../../../src/model/values/differing.js';
import { bridgeMac, namespaceName } from '../../../../src/model/values/names.js';
import type { Endpoint, EndpointId, Ip, Mac } from '../../../../src/model/values/types.js';
import { idOf } from '../../nodes.js';
import { cluster, endpoint, endpointId, HOST1, HOST2, network, networkId, selfOf } from '../fixtures.js';

const name = namespaceName(networkId(1));
const net = network();
const self = { ...selfOf(HOST1), joined: new Set<EndpointId>(), sandboxes: new Map() };
const planOf = (...endpoints: readonly Endpoint[]) => {
  const made = plan(cluster([net], endpoints), self, name);
  if (made === undefined) throw new Error('nothing planned');
  return made;
};
const [own, two, three] = [endpoint(1, HOST1), endpoint(2, HOST2), endpoint(3, HOST2)];

describe('plans of the same records', () => {
  it('have the same peers and ports, whatever came and went around them', () => {
    const [a, b] = [planOf(own, two), planOf(three, own, two)];
    expect(b.peers.at(-1)).toBe(a.peers[0]);
    expect(b.ports[0]).toBe(a.ports[0]);
    expect(planOf(own, { ...two }).peers[0]).not.toBe(a.peers[0]);
  });

  it('of which only the network changed are others', () => {
    const before = planOf(own, two);
    const later = plan(cluster([network({ mtu: 1400 })], [own, two]), self, name);
    expect(later?.ports[0]?.mtu).toBe(1350);
    expect(before.ports[0]?.mtu).toBe(1450);
  });
});

describe('peerSteps', () => {
  it('are those of what came and went', () => {
    const steps = peerSteps(planOf(own, two), planOf(own, three));
    expect(steps?.map((s) => [s.kind, 'mac' in s && s.mac, s.ns])).toEqual([
      ['removeStatic', two.mac, name],
      ['replaceStatic', three.mac, name],
      ['removeNeighbour', two.mac, name],
      ['replaceNeighbour', three.mac, name],
      ['replaceFdb', three.mac, name],
      ['removeFdb', two.mac, name],
    ]);
  });

  it('are none for a record that says the same of the network', () => {
    expect(peerSteps(planOf(own, two), planOf(own, { ...two, names: ['other'] }))).toEqual([]);
  });

  it('move one that another has got', () => {
    const moved = { ...endpoint(7, HOST2), addresses: two.addresses, mac: '02:00:00:00:00:07' as Mac };
    expect(peerSteps(planOf(own, two), planOf(own, moved))?.map((s) => [s.kind, s.reason])).toEqual([
      ['removeStatic', 'its endpoint is gone'],
      ['replaceStatic', 'missing'],
      ['replaceNeighbour', `MAC is ${two.mac}`],
      ['replaceFdb', 'missing'],
      ['removeFdb', 'its endpoint is gone'],
    ]);
  });

  it('do not say what ports need', () => {
    expect(peerSteps(planOf(own), planOf(own, endpoint(4, HOST1)))).toBeUndefined();
    expect(peerSteps(planOf(own, endpoint(4, HOST1)), planOf(own, endpoint(4, HOST2)))).toBeUndefined();
  });
});

describe('deviceSteps', () => {
  const link = (rest: Partial<ObservedLink>): ObservedLink => ({
    ...{ index: 1, name: '', kind: '', mtu: 1450, up: true, master: '', mac: own.mac, alias: '' },
    ...rest,
  });
  const port = { learning: false, flood: false };
  const vxlan = { vni: 256, port: 4789, learning: false, proxy: true };
  const devices: ObservedNamespace = {
    name,
    links: [
      link({ name: 'br0', kind: 'bridge', mac: bridgeMac(self.id), alias: net.id, bridge: { snooping: false } }),
      link({ name: 'vxlan0', kind: 'vxlan', master: 'br0', vxlan, port }),
      link({ name: 'veth0', kind: 'veth', master: 'br0', alias: endpointId(1), port }),
    ],
    addresses: [{ link: 'br0', address: '172.16.1.254/24' as ObservedNamespace['addresses'][number]['address'] }],
    ...{ neighbours: [], fdb: [], statics: [], sysctls: new Map(), filters: [] },
  };

  it('move an endpoint from another host to this one', () => {
    const here = { ...two, node: idOf(HOST1) };
    const joined = { ...self, joined: new Set([here.id]) };
    const after = plan(cluster([net], [own, here]), joined, name);
    const found = after && deviceSteps(planOf(own, two), after, devices);
    expect(found?.steps.map((s) => ('link' in s ? `${s.kind} ${s.link}` : s.kind))).toEqual([
      'createPort veth1',
      'removeStatic vxlan0',
      'replaceStatic veth1',
      'removeNeighbour vxlan0',
      'removeFdb vxlan0',
    ]);
    expect(found?.due).toEqual([]);
  });

  it('are as a full look gives them', () => {
    const before = planOf(own, two);
    const after = planOf(own, three);
    const all = {
      ...devices,
      neighbours: [{ link: 'vxlan0', ip: '172.16.1.2' as Ip, mac: two.mac }],
      fdb: [{ link: 'vxlan0', mac: two.mac, vtep: HOST2 }],
      statics: [
        { link: 'veth0', mac: own.mac },
        { link: 'vxlan0', mac: two.mac },
      ],
    } as ObservedNamespace;
    expect(deviceSteps(before, after, devices)?.steps).toEqual(diff(name, after, all));
  });

  it('believe no link that another one, or what is no veth, bears the id of', () => {
    const port = { learning: false, flood: false };
    const joined = { ...self, joined: new Set([own.id]) };
    const before = plan(cluster([net], [own]), joined, name);
    const after = plan(cluster([net], [own, two]), joined, name);
    const more = (kind: string) => link({ index: 9, name: 'x0', kind, master: 'br0', alias: own.id, port });
    const steps = (kind: string) =>
      before && after && deviceSteps(before, after, { ...devices, links: [...devices.links, more(kind)] })?.steps;
    const words = (kind: string) => steps(kind)?.map((s) => ('link' in s ? `${s.kind} ${s.link}` : s.kind));
    const peer = ['replaceStatic vxlan0', 'replaceNeighbour vxlan0', 'replaceFdb vxlan0'];
    expect(words('tun')).toEqual(['removeLink x0', ...peer]);
    const [entry, ...others] = peer;
    expect(words('veth')).toEqual([
      ...['removeLink veth0', 'removeLink x0', 'createPort veth1', entry, 'replaceStatic veth1'],
      ...others,
    ]);
  });

  it.each([
    ['a VXLAN device is gone', devices.links.filter((l) => l.name !== 'vxlan0')],
    ['a VXLAN device is on no bridge', devices.links.map((l) => (l.name === 'vxlan0' ? { ...l, master: '' } : l))],
    ['a bridge is gone', devices.links.filter((l) => l.name !== 'br0')],
  ])('are not enough where %s', (_, links) => {
    expect(deviceSteps(planOf(own, two), planOf(own, two), { ...devices, links })).toBeUndefined();
  });
});

describe('differing', () => {
  it('finds by identity what is new, gone or another', () => {
    const [a, b, c] = [{}, {}, {}];
    expect(differing(new Map([['x', a]]), new Map([['x', a]]))).toEqual([]);
    const before = new Map([
      ['x', a],
      ['y', b],
      ['z', c],
    ]);
    expect(
      [
        ...differing(
          before,
          new Map([
            ['x', {}],
            ['y', b],
            ['w', c],
          ]),
        ),
      ].sort(),
    ).toEqual(['w', 'x', 'z']);
    expect(differences([a, b, c], [a, c])).toEqual([[b], []]);
    expect(differences([a, b, c], [c, b, a])).toEqual([[], []]);
    expect(differences([a], [a, b, c])).toEqual([[], [b, c]]);
  });
});
