/** One host's registry over a store that several hosts share. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../../src/model/ports/ports.js';
import { ipOf } from '../../../src/model/values/address.js';
import { macOf } from '../../../src/model/values/mac.js';
import { DEFAULT_SOURCES, sourcesOf } from '../../../src/model/values/pool-source.js';
import type { Cidr, EndpointId, NetworkId } from '../../../src/model/values/types.js';
import { EndpointLeases } from '../../../src/registry/endpoints/endpoint-leases.js';
import { Endpoints } from '../../../src/registry/endpoints/endpoints.js';
import { Peers } from '../../../src/registry/endpoints/peers.js';
import { AddressCooldown } from '../../../src/registry/ipam/address-cooldown.js';
import { Ipam } from '../../../src/registry/ipam/ipam.js';
import { Leases } from '../../../src/registry/ipam/leases.js';
import { Pools } from '../../../src/registry/ipam/pools.js';
import { Heads } from '../../../src/registry/local/heads.js';
import { LocalEndpoints } from '../../../src/registry/local/local-endpoints.js';
import { Membership } from '../../../src/registry/local/membership.js';
import { Networks } from '../../../src/registry/networks/networks.js';
import { Identity } from '../../../src/registry/nodes/identity.js';
import { formatNode } from '../../../src/store/records/records.js';
import { ClusterView } from '../../../src/store/view/cluster-view.js';
import { idOf, nodeOf } from '../nodes.js';

export const hexId = (n: number): string => n.toString(16).padStart(64, '0');
export const V4 = sourcesOf(DEFAULT_SOURCES, 4);
export const POOL = '172.16.1.0/24' as Cidr;

/** What DATA_DIR keeps of the cluster, in memory. */
function emptyMemory() {
  const memory: { cluster: string | undefined; rememberCluster(id: string): void } = {
    cluster: undefined,
    rememberCluster: (id) => {
      memory.cluster = id;
    },
  };
  return memory;
}

export async function makeHost(store: Store, address: string) {
  const self = idOf(address);
  const node = formatNode(nodeOf(address));
  // Its session has ended since.
  await (await store.hold(`nodes/${address}`, node, () => {})).release();
  const identity = new Identity(store, emptyMemory(), 4789);
  identity.adopt(await identity.read());
  const view = new ClusterView(store);
  const local = new LocalEndpoints();
  const heads = new Heads(store, self, (network) => view.ownWrites(network));
  const membership = new Membership({ store, view, self, heads });
  const pools = new Pools({ store, view, self });
  const networks = new Networks({ store, view, self, pools });
  const leases = new Leases(store, view, pools);
  const cooldown = new AddressCooldown(store, self);
  const ipam = new Ipam({ store, view, self, pools, leases, networks, membership, local, cooldown, identity });
  const endpointLeases = new EndpointLeases({ store, view, self, ipam, leases, local });
  const endpoints = new Endpoints({ store, view, self, networks, leases: endpointLeases, membership, local, heads });
  const peers = new Peers({ view, self, local, leases });
  const ending = new AbortController();
  view.start(ending.signal);
  await view.ready(10_000);
  await membership.load();

  /** As `docker network create` does it, with our IPAM. */
  const createNetwork = async (n: number, pool = POOL, ipamOf: 'cluster' | 'engine' = 'cluster', more: Cidr[] = []) => {
    const id = hexId(n) as NetworkId;
    if (ipamOf === 'cluster') for (const p of [pool, ...more]) await pools.claim(p, undefined);
    await networks.create({
      id,
      subnets: [pool, ...more].map((p) => ({ pool: p, aux: {} })),
      vnis: [],
      options: {},
      internal: false,
      ipv6: false,
      ipam: ipamOf,
    });
    return id;
  };
  /** As `docker run` does it. */
  const run = async (n: number, network: NetworkId, wanted = '', pool = POOL) => {
    const address = await ipam.requestAddress(pool, wanted);
    const id = hexId(n) as EndpointId;
    await endpoints.create({ id, network, addresses: [address], mac: macOf(ipOf(address)), leased: true });
    await endpoints.tell(network);
    return { id, address };
  };
  /** As `docker rm -f` does it. */
  const rm = async (network: NetworkId, { id, address }: { id: EndpointId; address: Cidr }, pool = POOL) => {
    await endpoints.remove(network, id, false);
    await ipam.release(pool, ipOf(address));
  };
  /** Once this host knows of the network. */
  const networksSeen = async (network: NetworkId) => {
    while (!view.current.networks.has(network)) await sleep(5);
  };
  return {
    self,
    networksSeen,
    view,
    identity,
    peers,
    local,
    membership,
    pools,
    networks,
    ipam,
    endpoints,
    endpointLeases,
    createNetwork,
    run,
    rm,
    stop: () => {
      peers.stop();
      ending.abort();
    },
  };
}
