import { describe, expect, it } from 'vitest';
import { plan } from '../../../../src/model/plan/plan.js';
import { bridgeMac, namespaceName, OPTION_MULTICAST } from '../../../../src/model/values/names.js';
import type { Cidr, NodeAddress } from '../../../../src/model/values/types.js';
import { idOf, livingNode } from '../../nodes.js';
import { cluster, endpoint, endpointId, HOST1, HOST2, network, networkId, selfOf } from '../fixtures.js';

const name = namespaceName(networkId(1));
const self = { ...selfOf(HOST1), joined: new Set([endpointId(1)]), sandboxes: new Map() };

describe('plan', () => {
  it('wants no namespace where no endpoint lives', () => {
    expect(plan(cluster([network()], [endpoint(2, HOST2)]), self, name)).toBeUndefined();
    expect(plan(cluster([], []), self, name)).toBeUndefined();
  });

  it('wants a bridge with the gateway, a port per local and a peer per remote endpoint', () => {
    const wanted = plan(cluster([network()], [endpoint(1, HOST1), endpoint(2, HOST2)]), self, name);
    expect(wanted).toEqual({
      name,
      network: networkId(1),
      bridges: [
        {
          name: 'br0',
          vxlan: 'vxlan0',
          vni: 256,
          local: HOST1,
          port: 4789,
          mtu: 1450,
          mac: bridgeMac(self.id),
          addresses: ['172.16.1.254/24'],
        },
      ],
      ports: [
        {
          endpoint: endpointId(1),
          bridge: 'br0',
          containerEnd: 'vethe000000',
          mtu: 1450,
          mac: '02:42:ac:10:01:01',
          addresses: ['172.16.1.1/24'],
          end: 'engine',
        },
      ],
      peers: [{ vxlan: 'vxlan0', ip: '172.16.1.2', mac: '02:42:ac:10:01:02', vtep: HOST2 }],
      floods: [],
    });
  });

  it('sends to where a host is now, and to none that is not known', () => {
    const there = '10.0.0.77' as NodeAddress;
    const all = cluster([network()], [endpoint(1, HOST1), endpoint(2, HOST2), endpoint(3, '10.0.0.99' as NodeAddress)]);
    const moved = livingNode(there, { id: idOf(HOST2) });
    const wanted = plan({ ...all, nodes: new Map([...all.nodes, [moved.id, moved]]) }, self, name);
    expect(wanted?.peers.map((p) => p.vtep)).toEqual([there]);
  });

  it('has devices that send from the host’s own address to the cluster’s port', () => {
    const own = { ...self, address: '10.0.0.78' as NodeAddress, port: 8472 };
    const wanted = plan(cluster([network()], [endpoint(1, HOST1)]), own, name);
    expect(wanted?.bridges[0]).toMatchObject({ local: '10.0.0.78', port: 8472 });
  });

  it('takes the MTU from the underlay, or from the user as the underlay to reckon with', () => {
    const jumbo = { ...self, mtu: 9000 };
    expect(plan(cluster([network()], [endpoint(1, HOST1)]), jumbo, name)?.bridges[0]?.mtu).toBe(8950);
    expect(plan(cluster([network({ mtu: 1400 })], [endpoint(1, HOST1)]), jumbo, name)?.ports[0]?.mtu).toBe(1350);
  });

  it('gives each subnet its bridge, and an IPv6 subnet that of its VNI', () => {
    const two = network({
      subnets: [
        { pool: '172.16.1.0/24' as Cidr, gateway: '172.16.1.254/24' as Cidr, aux: {}, vni: 256 },
        { pool: '172.16.2.0/24' as Cidr, gateway: '172.16.2.254/24' as Cidr, aux: {}, vni: 257 },
        { pool: 'fd00::/64' as Cidr, gateway: 'fd00::1/64' as Cidr, aux: {}, vni: 256 },
      ],
    });
    const second = endpoint(9, HOST1, { addresses: ['172.16.2.9/24' as Cidr] });
    const wanted = plan(cluster([two], [endpoint(1, HOST1), second]), self, name);
    expect(wanted?.bridges.map((b) => [b.name, b.vni, b.addresses])).toEqual([
      ['br0', 256, ['172.16.1.254/24', 'fd00::1/64']],
      ['br1', 257, ['172.16.2.254/24']],
    ]);
    expect(wanted?.ports.map((p) => p.bridge)).toEqual(['br0', 'br1']);
  });

  it('leaves 70 bytes to an IPv6 underlay, and hosts of the other family out', () => {
    const [here, there] = ['fd00::60', 'fd00::61'] as [NodeAddress, NodeAddress];
    const endpoints = [endpoint(1, here), endpoint(2, there), endpoint(3, HOST2)];
    const six = cluster([network()], endpoints);
    const nodes = new Map([...six.nodes, [idOf(there), livingNode(there)]]);
    const wanted = plan({ ...six, nodes }, { ...self, ...selfOf(here) }, name);
    expect(wanted?.ports[0]?.mtu).toBe(1430);
    expect(wanted?.peers.map((p) => p.vtep)).toEqual(['fd00::61']);
  });

  it('floods to each host that takes part, once, where multicast is on', () => {
    const endpoints = [endpoint(1, HOST1), endpoint(2, HOST2), endpoint(3, HOST2)];
    const many = network({ options: { 'tsoverlay.multicast': 'on' } });
    expect(plan(cluster([many], endpoints), self, name)?.floods).toEqual([{ vxlan: 'vxlan0', vtep: HOST2 }]);
    expect(plan(cluster([network()], endpoints), self, name)?.floods).toEqual([]);
  });
});

it('lets what asks for unknown neighbours go to all hosts with multicast on, in a network of one segment', () => {
  const on = { options: { [OPTION_MULTICAST]: 'on' } };
  const bridges = (change: Parameters<typeof network>[0]) =>
    plan(cluster([network(change)], [endpoint(1, HOST1)]), self, name)?.bridges ?? [];
  expect(bridges(on).map((b) => b.flooding)).toEqual([{ gateways: ['172.16.1.254'] }]);
  expect(bridges({})[0]).not.toHaveProperty('flooding');
});
