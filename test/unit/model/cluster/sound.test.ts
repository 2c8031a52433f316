import { describe, expect, it } from 'vitest';
import { sound } from '../../../../src/model/cluster/sound.js';
import type { Cidr, Endpoint, Ip, Mac } from '../../../../src/model/values/types.js';
import { endpoint, endpointId, HOST1, HOST2, network } from '../fixtures.js';

const net = network({
  subnets: [
    {
      pool: '172.16.1.0/24' as Cidr,
      gateway: '172.16.1.254/24' as Cidr,
      aux: { router: '172.16.1.9' as Ip },
      vni: 256,
    },
    { pool: '172.16.2.0/24' as Cidr, aux: {}, vni: 257 },
    { pool: 'fd00:1::/64' as Cidr, gateway: 'fd00:1::1/64' as Cidr, aux: {}, vni: 256 },
  ],
});
const at = (n: number, ...addresses: string[]): Endpoint => endpoint(n, HOST2, { addresses: addresses as Cidr[] });
const nobody = () => undefined;
const idsOf = (endpoints: readonly Endpoint[], ...rest: [Parameters<typeof sound>[2]?, Parameters<typeof sound>[3]?]) =>
  [...sound(net, endpoints, rest[0] ?? nobody, rest[1]).endpoints.keys()].sort();

describe('an endpoint', () => {
  it.each([['172.16.1.1/24'], ['172.16.2.7/24'], ['fd00:1::7/64'], ['172.16.1.1/24', 'fd00:1::7/64']])(
    'with %s counts',
    (...addresses) => {
      expect(idsOf([at(1, ...addresses)])).toEqual([endpointId(1)]);
    },
  );

  it.each([
    ['the gateway', '172.16.1.254/24'],
    ['the gateway of the other family', 'fd00:1::1/64'],
    ['an auxiliary address', '172.16.1.9/24'],
    ['the whole network', '172.16.1.0/24'],
    ['everybody', '172.16.1.255/24'],
    ['a host of the LAN', '10.0.0.61/24'],
    ['a network of its own', '8.8.8.8/32'],
    ['half of the pool', '172.16.1.1/25'],
    ['two networks', '172.16.1.1/16'],
    ['a subnet of another segment', '172.16.2.7/24', 'fd00:1::7/64'],
  ])('that claims the address of %s does not', (_, ...addresses) => {
    expect(idsOf([at(1, ...addresses)])).toEqual([]);
  });
});

describe('of two that claim the same', () => {
  const [old, young] = [endpoint(1, HOST1, { born: 5 }), endpoint(2, HOST2, { born: 9 })];
  const sameAddress = { ...young, addresses: old.addresses, mac: '02:00:00:00:00:02' as Mac };
  const sameMac = { ...young, mac: old.mac };
  const both = (a: Endpoint, b: Endpoint) => [
    [a, b],
    [b, a],
  ];

  it.each(both(old, sameAddress))('address, the older one counts, in whatever order they come', (...all) => {
    expect(idsOf(all)).toEqual([old.id]);
    expect(sound(net, all, nobody).contested).toEqual([{ pool: '172.16.1.0/24', ip: '172.16.1.1' }]);
  });
  it.each(both(old, sameAddress))('address, the one that has the lease counts', (...all) => {
    expect(idsOf(all, (_, ip) => (ip === '172.16.1.1' ? young.id : undefined))).toEqual([young.id]);
  });
  it.each(both(old, sameAddress))('address, the one that lives here counts, whoever has the lease', (...all) => {
    expect(
      idsOf(
        all,
        () => young.id,
        (e) => e.id === old.id,
      ),
    ).toEqual([old.id]);
  });
  it.each(both(old, sameMac))('MAC, the older one counts', (...all) => {
    expect(idsOf(all)).toEqual([old.id]);
  });
  it('MAC in different segments, both do', () => {
    expect(idsOf([old, { ...sameMac, addresses: ['172.16.2.7/24' as Cidr] }])).toHaveLength(2);
  });
  it('of the same age, the lower id counts', () => {
    const twin = { ...sameAddress, born: 5 };
    expect(idsOf([twin, old])).toEqual([old.id]);
    expect(idsOf([old, twin])).toEqual([old.id]);
  });
});
