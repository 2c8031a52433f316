import { describe, expect, it } from 'vitest';
import { gwbridgeSubnet, wayOutInside } from '../../../../src/model/values/gwbridge-subnet.js';
import type { Cidr, Node } from '../../../../src/model/values/types.js';
import { livingNode } from '../../nodes.js';
import { HOST1, HOST2, network } from '../fixtures.js';

const cidrs = (...texts: string[]) => texts as Cidr[];
const node = (address: typeof HOST1, ...gwbridge: string[]): Node =>
  livingNode(address, gwbridge.length === 0 ? {} : { gwbridge: cidrs(...gwbridge) });
const on = (pool: string, internal = false) =>
  network({ internal, subnets: [{ pool: pool as Cidr, aux: {}, vni: 256 }] });

describe('wayOutInside', () => {
  it('names the first host whose docker_gwbridge a pool overlaps', () => {
    const nodes = [node(HOST1), node(HOST2, '172.18.0.0/16')];
    expect(wayOutInside(cidrs('10.1.0.0/24', '172.18.7.0/24'), nodes)).toMatchObject({
      pool: '172.18.7.0/24',
      gwbridge: '172.18.0.0/16',
      node: { address: HOST2 },
    });
    expect(wayOutInside(cidrs('172.19.0.0/24', 'fd00::/64'), nodes)).toBeUndefined();
  });
});

describe('gwbridgeSubnet', () => {
  const routes = cidrs('10.0.0.0/24', '172.17.0.0/16');

  it('is left to the engine where its choice overlaps no network', () => {
    expect(gwbridgeSubnet([], routes)).toBeUndefined();
    expect(gwbridgeSubnet([on('172.16.1.0/24'), on('172.19.0.0/16')], routes)).toBeUndefined();
  });

  it('is the next that is free where it does', () => {
    expect(gwbridgeSubnet([on('172.18.0.0/24')], routes)).toBe('172.19.0.0/16');
    expect(gwbridgeSubnet([on('172.18.0.0/16'), on('172.19.4.0/24')], routes)).toBe('172.20.0.0/16');
    expect(gwbridgeSubnet([on('172.16.0.0/12')], routes)).toBe('192.168.0.0/20');
  });

  it('need not care about internal networks, which have no way out', () => {
    expect(gwbridgeSubnet([on('172.18.0.0/16', true)], routes)).toBeUndefined();
  });
});
