/** Small builders for the model's values, so that a test says only what it is about. */
import { ipOf } from '../../../src/model/values/address.js';
import { macOf } from '../../../src/model/values/mac.js';
import type {
  Cidr,
  Cluster,
  Endpoint,
  EndpointId,
  Network,
  NetworkId,
  NodeAddress,
} from '../../../src/model/values/types.js';
import { idOf, livingNode } from '../nodes.js';

export const HOST1 = '10.0.0.60' as NodeAddress;
export const HOST2 = '10.0.0.61' as NodeAddress;

export const networkId = (n: number): NetworkId => n.toString(16).padStart(64, '0') as NetworkId;
export const endpointId = (n: number): EndpointId => `e${n.toString(16).padStart(63, '0')}` as EndpointId;

export const network = (change: Partial<Network> = {}): Network => ({
  id: networkId(1),
  subnets: [{ pool: '172.16.1.0/24' as Cidr, gateway: '172.16.1.254/24' as Cidr, aux: {}, vni: 256 }],
  internal: false,
  ipv6: false,
  options: {},
  ipam: 'cluster',
  creator: idOf(HOST1),
  announced: { name: 'overlay1', labels: {}, attachable: false },
  deleting: false,
  index: 1,
  ...change,
});

export const endpoint = (n: number, host: NodeAddress, change: Partial<Endpoint> = {}): Endpoint => {
  const address = `172.16.1.${n}/24` as Cidr;
  return {
    id: endpointId(n),
    network: networkId(1),
    node: idOf(host),
    addresses: [address],
    mac: macOf(ipOf(address)),
    names: [`overlay${n}`],
    container: '',
    created: 0,
    index: n,
    ...change,
  };
};

/** The host's own part of its plans. */
export const selfOf = (address: NodeAddress) => ({
  id: idOf(address),
  address,
  port: 4789,
  mtu: 1500,
  acceleration: 'off' as const,
  meshVteps: new Map(),
});

export const cluster = (networks: readonly Network[], endpoints: readonly Endpoint[]): Cluster => ({
  nodes: new Map([HOST1, HOST2].map((address) => [idOf(address), livingNode(address)])),
  networks: new Map(networks.map((n) => [n.id, n])),
  endpoints: new Map(
    networks.map((n) => [n.id, new Map(endpoints.filter((e) => e.network === n.id).map((e) => [e.id, e]))]),
  ),
  unreadable: new Set(),
  complete: true,
});
