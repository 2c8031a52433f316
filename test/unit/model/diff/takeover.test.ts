import { describe, expect, it } from 'vitest';
import { Bearers } from '../../../../src/model/diff/takeover.js';
import type { NamespacePlan } from '../../../../src/model/plan/namespace-plan.js';
import type { Cidr, EndpointId, Ip, Mac, NodeAddress } from '../../../../src/model/values/types.js';

const [A, B] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'] as Mac[] as [Mac, Mac];
const bridges = [{ name: 'br0', vxlan: 'vxlan0' } as NamespacePlan['bridges'][number]];
const peer = (ip: string, mac: Mac) => ({ vxlan: 'vxlan0', ip: ip as Ip, mac, vtep: '10.0.0.61' as NodeAddress });
const port = (ip: string, mac: Mac) => ({
  ...{ endpoint: 'e'.repeat(64) as EndpointId, bridge: 'br0', containerEnd: 'vethx', mtu: 1450 },
  ...{ mac, addresses: [ip as Cidr], end: 'engine' as const },
});
const plan = (peers: NamespacePlan['peers'], ports: NamespacePlan['ports'] = []) => ({ bridges, peers, ports });

describe('an address', () => {
  it('that comes, stays or goes is no news; one with another card is, wherever that is', () => {
    const bearers = new Bearers();
    const one = peer('10.1.0.1', A);
    expect(bearers.follow(plan([one]))).toEqual([]);
    expect(bearers.follow(plan([one, peer('10.1.0.2', B)]))).toEqual([]);
    expect(bearers.follow(plan([]))).toEqual([]);
    expect(bearers.follow(plan([peer('10.1.0.1', B)]))).toEqual([{ bridge: 'br0', ip: '10.1.0.1', mac: B }]);
    expect(bearers.follow(plan([], [port('10.1.0.1/24', B)]))).toEqual([]);
    expect(bearers.follow(plan([], [port('10.1.0.1/24', A)]))).toEqual([{ bridge: 'br0', ip: '10.1.0.1', mac: A }]);
    expect(bearers.follow(plan([peer('fd00::1', A)]))).toEqual([]);
    expect(bearers.follow(plan([peer('fd00::1', B)]))).toEqual([{ bridge: 'br0', ip: 'fd00::1', mac: B }]);
  });

  it('that the kernel had with another card before this process is news, too', () => {
    const bearers = new Bearers();
    bearers.remember([{ ip: '10.1.0.1' as Ip, mac: A }]);
    expect(bearers.follow(plan([peer('10.1.0.1', B)]))).toHaveLength(1);
  });

  it('is remembered within bounds', () => {
    const bearers = new Bearers();
    const ip = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    bearers.follow(plan(Array.from({ length: 6000 }, (_, i) => peer(ip(i), A))));
    bearers.follow(plan([]));
    expect(bearers.follow(plan([peer(ip(0), B)])), 'long forgotten').toEqual([]);
    expect(bearers.follow(plan([peer(ip(5999), B)]))).toHaveLength(1);
  });
});
