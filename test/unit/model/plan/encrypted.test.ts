/** Networks whose frames go through the mesh that encrypts. */
import { describe, expect, test } from 'vitest';
import { diff } from '../../../../src/model/diff/diff.js';
import type { ObservedLink, ObservedNamespace } from '../../../../src/model/plan/observed.js';
import { plan } from '../../../../src/model/plan/plan.js';
import { isEncrypted, overlayMtu } from '../../../../src/model/plan/underlay.js';
import { namespaceName, OPTION_MULTICAST } from '../../../../src/model/values/names.js';
import type { Ip, NodeAddress } from '../../../../src/model/values/types.js';
import { idOf } from '../../nodes.js';
import { cluster, endpoint, endpointId, HOST1, HOST2, network, networkId, selfOf } from '../fixtures.js';

const name = namespaceName(networkId(1));
const INSIDE = '10.162.181.184' as Ip;
const self = {
  ...selfOf(HOST1),
  joined: new Set([endpointId(1)]),
  sandboxes: new Map(),
  meshVteps: new Map([[idOf(HOST2), INSIDE]]),
};
const encrypted = network({ options: { encrypted: '', [OPTION_MULTICAST]: 'on' } });
const all = cluster([encrypted], [endpoint(1, HOST1), endpoint(2, HOST2)]);

test('a network is encrypted where the option says nothing else, and in doubt', () => {
  for (const value of ['', 'true', '1', 'T', 'yes', 'garbage'])
    expect(isEncrypted({ encrypted: value }), value).toBe(true);
  for (const value of ['false', '0', 'F', 'FALSE']) expect(isEncrypted({ encrypted: value }), value).toBe(false);
  expect(isEncrypted({})).toBe(false);
});

test('its MTU leaves room for both envelopes: 110 bytes over IPv4, 130 over IPv6', () => {
  expect(overlayMtu(encrypted, { address: HOST1, mtu: 1500 })).toBe(1390);
  expect(overlayMtu(encrypted, { address: 'fd00::1' as NodeAddress, mtu: 1500 })).toBe(1370);
  expect(overlayMtu({ ...encrypted, mtu: 1400 }, { address: HOST1, mtu: 9000 })).toBe(1290);
});

describe('its plan', () => {
  test('sends to addresses of the mesh, by devices whose routes decide where from', () => {
    const wanted = plan(all, self, name);
    expect(wanted?.bridges).toMatchObject([{ vxlan: 'vxlan0', mtu: 1390 }]);
    expect(wanted?.bridges[0]).not.toHaveProperty('local');
    expect(wanted?.peers.map((p) => p.vtep)).toEqual([INSIDE]);
    expect(wanted?.floods).toEqual([{ vxlan: 'vxlan0', vtep: INSIDE }]);
  });

  test('sends nothing to a host that is not in the mesh, whatever address it has on the underlay', () => {
    expect(plan(all, { ...self, meshVteps: new Map() }, name)).toMatchObject({ peers: [], floods: [] });
  });

  test('follows a host to the address of its other key, and is the same while nothing changes', () => {
    const before = plan(all, self, name);
    expect(plan(all, self, name)?.peers[0]).toBe(before?.peers[0]);
    const other = '10.1.2.3' as Ip;
    const after = plan(all, { ...self, meshVteps: new Map([[idOf(HOST2), other]]) }, name);
    expect(after?.peers.map((p) => p.vtep)).toEqual([other]);
  });

  test('reaches hosts whose underlay is of the other family', () => {
    const far = 'fd00::2' as NodeAddress;
    const mixed = cluster([encrypted], [endpoint(1, HOST1), endpoint(2, far)]);
    const wanted = plan(mixed, { ...self, meshVteps: new Map([[idOf(far), INSIDE]]) }, name);
    expect(wanted?.peers.map((p) => p.vtep)).toEqual([INSIDE]);
  });
});

describe('a VXLAN device', () => {
  const of = (options: Record<string, string>, vxlan: Partial<NonNullable<ObservedLink['vxlan']>>) => {
    const wanted = plan(cluster([network({ options })], [endpoint(1, HOST1)]), self, name);
    const found: ObservedNamespace = {
      ...{ name, addresses: [], neighbours: [], fdb: [], statics: [], filters: [], sysctls: new Map() },
      links: [
        {
          ...{ index: 3, name: 'vxlan0', kind: 'vxlan', mtu: wanted?.bridges[0]?.mtu ?? 0, up: true, master: 'br0' },
          ...{ mac: '02:00:00:00:00:01' as never, alias: '', port: { learning: false, flood: false } },
          vxlan: { vni: 256, port: 4789, learning: false, proxy: true, ...vxlan },
        },
      ],
    };
    return diff(name, wanted, found)
      .filter((step) => 'link' in step && step.link === 'vxlan0')
      .map(({ kind, reason }) => `${kind}: ${reason}`);
  };

  test('of an encrypted network whose socket is on the underlay is made anew, and the other way round', () => {
    const remade = (reason: string) => [`removeLink: ${reason}`, `createVxlan: ${reason}`];
    expect(of({ encrypted: '' }, { meshed: true })).toEqual([]);
    expect(of({ encrypted: '' }, {})).toEqual(remade('its socket is not in the mesh that encrypts'));
    expect(of({ encrypted: '' }, { local: HOST1 })).toEqual(remade('its socket is not in the mesh that encrypts'));
    expect(of({}, { local: HOST1 })).toEqual([]);
    expect(of({}, { meshed: true })).toEqual(remade('its socket is in the mesh that encrypts'));
  });
});
