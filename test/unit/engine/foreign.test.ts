/** What engines tell of networks of other drivers. */
import { expect, it } from 'vitest';
import { addressesOf, gatewaysOf, namedNetworks, placesOf } from '../../../src/engine/foreign.js';

it('those have names that are neither ours, the engine’s nameless ones, nor a swarm’s', () => {
  const network = (Name: string, Driver: string, Scope = 'local', Internal = false) => ({
    ...{ Id: `id-${Name}`, Name, Driver, Scope, Internal },
  });
  const list = [
    network('bridge', 'bridge'),
    network('host', 'host'),
    network('none', 'null'),
    network('overlay1', 'tsoverlay', 'global'),
    network('managed', 'tsoverlay/driver:latest', 'global'),
    network('ingress', 'overlay', 'swarm'),
    network('front', 'bridge'),
    network('lan', 'macvlan', 'local', true),
    network('woven', 'weave', 'global'),
  ];
  expect([...namedNetworks(list)]).toEqual([
    ['id-front', { name: 'front', internal: false }],
    ['id-lan', { name: 'lan', internal: true }],
    ['id-woven', { name: 'woven', internal: false }],
  ]);
});

it('a container has the addresses of its families, and as many ways out as gateways', () => {
  const four = { IPAddress: '172.30.0.2', IPPrefixLen: 24, Gateway: '172.30.0.1' };
  const six = { GlobalIPv6Address: 'fd00::2', GlobalIPv6PrefixLen: 64, IPv6Gateway: 'fd00::1' };
  expect(addressesOf({ ...four, ...six })).toEqual(['172.30.0.2/24', 'fd00::2/64']);
  expect(gatewaysOf({ ...four, ...six })).toBe(2);
  expect(addressesOf(six)).toEqual(['fd00::2/64']);
  const none = { IPAddress: '', GlobalIPv6Address: '', Gateway: '<nil>', IPv6Gateway: '' };
  for (const settings of [{}, none]) {
    expect(addressesOf(settings)).toEqual([]);
    expect(gatewaysOf(settings)).toBe(0);
  }
});

it('the list tells where each container is', () => {
  const Networks = { front: { NetworkID: 'n1', EndpointID: 'e1' }, back: { NetworkID: 'n2', EndpointID: '' } };
  expect(placesOf([{ Id: 'c1', NetworkSettings: { Networks } }, { Id: 'c2' }])).toEqual(
    new Map([
      [
        'c1',
        new Map([
          ['n1', 'e1'],
          ['n2', ''],
        ]),
      ],
      ['c2', new Map()],
    ]),
  );
});
