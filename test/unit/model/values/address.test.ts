import { describe, expect, it } from 'vitest';
import {
  addressValue,
  assignable,
  contains,
  covers,
  freeAddress,
  freeSubnet,
  networkOf,
  overlaps,
  parseCidr,
  parseIp,
} from '../../../../src/model/values/address.js';
import { macOf } from '../../../../src/model/values/mac.js';
import type { Cidr, Ip } from '../../../../src/model/values/types.js';

const cidr = (text: string) => text as Cidr;
const taken = (...ips: string[]) => {
  const values = new Set(ips.map(addressValue));
  return (value: bigint) => values.has(value);
};

describe('free addresses', () => {
  const span = assignable(cidr('172.16.1.0/24'), undefined);

  it('are given lowest first, without the network address', () => {
    expect(freeAddress(span, taken(), 'below')).toBe('172.16.1.1');
    expect(freeAddress(span, taken('172.16.1.1', '172.16.1.3'), 'below')).toBe('172.16.1.2');
  });

  it('are given highest first from above, without the broadcast address', () => {
    expect(freeAddress(span, taken('172.16.1.254'), 'above')).toBe('172.16.1.253');
  });

  it('keep within the range', () => {
    const range = assignable(cidr('172.16.1.0/24'), cidr('172.16.1.128/25'));
    expect(freeAddress(range, taken(), 'below')).toBe('172.16.1.128');
    expect(freeAddress(range, taken(), 'above')).toBe('172.16.1.254');
  });

  it('run out', () => {
    const small = assignable(cidr('10.1.0.0/30'), undefined);
    expect(freeAddress(small, taken('10.1.0.1', '10.1.0.2'), 'below')).toBeUndefined();
  });

  it('are counted round where fewer are left than are to be skipped', () => {
    const small = assignable(cidr('10.1.0.0/29'), undefined);
    const after = (skip: number) => freeAddress(small, taken('10.1.0.1', '10.1.0.3', '10.1.0.4'), 'below', skip);
    expect([0, 1, 2, 3, 4, 5].map(after)).toEqual([
      '10.1.0.2',
      '10.1.0.5',
      '10.1.0.6',
      '10.1.0.2',
      '10.1.0.5',
      '10.1.0.6',
    ]);
  });

  it('are IPv6 too', () => {
    expect(freeAddress(assignable(cidr('fd00::/64'), undefined), taken('fd00::1'), 'below')).toBe('fd00::2');
  });
});

describe('subnets', () => {
  it('are chosen beside all that is used', () => {
    expect(freeSubnet('10.0.0.0/8', 24, [])).toBe('10.0.0.0/24');
    expect(freeSubnet('10.0.0.0/8', 24, ['10.0.0.60/32'])).toBe('10.0.1.0/24');
    expect(freeSubnet('10.0.0.0/8', 24, ['10.0.0.0/16', '10.1.0.0/23', 'fd00::/8'])).toBe('10.1.2.0/24');
    expect(freeSubnet('10.0.0.0/8', 24, ['10.0.0.0/7'])).toBeUndefined();
    expect(freeSubnet('10.0.0.0/8', 24, ['10.1.0.0/24', '10.0.0.0/9', '10.0.3.0/24'])).toBe('10.128.0.0/24');
    expect(freeSubnet('10.0.0.0/23', 24, ['10.0.1.0/24', '9.0.0.0/8'])).toBe('10.0.0.0/24');
    expect(freeSubnet('10.0.0.0/23', 24, ['10.0.1.7/32', '10.0.0.0/30'])).toBeUndefined();
    expect(freeSubnet('10.0.0.0/23', 25, ['10.0.0.129/32', '10.0.0.1/32'])).toBe('10.0.1.0/25');
  });

  it('are compared by what they cover', () => {
    expect(overlaps('10.0.0.0/24', '10.0.0.128/25')).toBe(true);
    expect(overlaps('10.0.0.0/24', '10.0.1.0/24')).toBe(false);
    expect(overlaps('0.0.0.0/0', 'fd00::/8')).toBe(false);
    expect(covers('10.0.0.0/24', '10.0.0.128/25')).toBe(true);
    expect(covers('10.0.0.128/25', '10.0.0.0/24')).toBe(false);
    expect(contains('172.16.1.0/24', '172.16.1.255')).toBe(true);
    expect(contains('172.16.1.0/24', '172.16.2.0')).toBe(false);
  });

  it('are canonical', () => {
    expect(networkOf('172.16.1.7/24')).toBe('172.16.1.0/24');
    expect(parseIp('FD00:0::0001')).toBe('fd00::1');
    expect(parseCidr('172.16.1.7/24')).toMatchObject({ family: 4, address: '172.16.1.7', prefix: 24 });
  });

  it('are refused with the value that is wrong', () => {
    expect(() => parseCidr('172.16.1.0')).toThrow('"172.16.1.0" is not a network in CIDR notation');
    expect(() => parseIp('172.16.1.256')).toThrow('"172.16.1.256" is not an IP address');
  });
});

it('derives the MAC from the address', () => {
  expect(macOf('172.16.1.1' as Ip)).toBe('02:42:ac:10:01:01');
});
