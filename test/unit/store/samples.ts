/** Records to test with. */
import type {
  Cidr,
  Endpoint,
  EndpointId,
  Ip,
  Lease,
  Mac,
  Network,
  NetworkId,
  Node,
  NodeAddress,
  NodeCrypt,
  Pool,
  PublicKey,
} from '../../../src/model/values/types.js';
import { nodeOf as bareNode, idOf } from '../nodes.js';

const OWNER = idOf('10.0.0.60');

export const hexId = (digit: string): string => digit.repeat(64);
export const networkId = (digit: string): NetworkId => hexId(digit) as NetworkId;

const CRYPT: NodeCrypt = {
  endpoint: '192.0.2.1' as NodeAddress,
  keys: [{ key: Buffer.alloc(32, 9).toString('base64') as PublicKey, port: 51_840 }],
};

export const nodeOf = (address: string, hostname: string): Omit<Node, 'alive' | 'index'> =>
  bareNode(address, { hostname, routes: ['10.0.0.0/24' as Cidr], machine: { os: '0a'.repeat(16) }, crypt: CRYPT });

export const networkOf = (id: NetworkId): Omit<Network, 'index'> => ({
  id,
  subnets: [
    {
      pool: '172.16.1.0/24' as Cidr,
      range: '172.16.1.128/25' as Cidr,
      gateway: '172.16.1.254/24' as Cidr,
      aux: { router: '172.16.1.9' as Ip },
      vni: 256,
    },
    { pool: 'fd00:1::/64' as Cidr, aux: {}, vni: 257 },
  ],
  mtu: 1400,
  internal: false,
  ipv6: true,
  options: { 'com.docker.network.driver.mtu': '1400' },
  ipam: 'cluster',
  creator: OWNER,
  announced: { name: 'ov1', labels: { tier: 'web' }, attachable: true },
  deleting: false,
});

export const endpointOf = (network: NetworkId, id: string): Omit<Endpoint, 'index'> => ({
  id: hexId(id) as EndpointId,
  network,
  node: OWNER,
  addresses: ['172.16.1.1/24' as Cidr, 'fd00:1::1/64' as Cidr],
  mac: '02:42:ac:10:01:01' as Mac,
  names: ['web', 'www'],
  container: hexId('c'),
  created: 1_700_000_000_000,
});

export const leaseOf = (pool: string, address: string): Omit<Lease, 'index'> => ({
  pool: pool as Cidr,
  address: address as Ip,
  node: OWNER,
  kind: 'endpoint',
  endpoint: hexId('e') as EndpointId,
  created: 1_700_000_000_000,
});

export const poolOf = (cidr: string): Omit<Pool, 'index'> => ({
  cidr: cidr as Cidr,
  range: cidr as Cidr,
  node: OWNER,
  network: networkId('a'),
  created: 1_700_000_000_000,
});
