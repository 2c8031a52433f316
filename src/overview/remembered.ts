/** What this host knew of the cluster when its agent ran last. */
import { byId } from '../model/cluster/origin.js';
import type { Entry } from '../model/ports/ports.js';
import { keys } from '../model/values/names.js';
import type { Cluster, Endpoint, EndpointId, NetworkId } from '../model/values/types.js';
import { parseEndpoint, parseNetwork, parseNode } from '../store/records/records.js';

export function rememberedCluster(copy: Readonly<Record<string, readonly Entry[]>>): Cluster {
  const entries = Object.values(copy).flat();
  const below = (prefix: string): readonly Entry[] => entries.filter(({ key }) => key.startsWith(prefix));
  const endpoints = new Map<NetworkId, Map<EndpointId, Endpoint>>();
  for (const endpoint of below('endpoints/').flatMap((entry) => parseEndpoint(entry) ?? [])) {
    const members = endpoints.get(endpoint.network) ?? new Map<EndpointId, Endpoint>();
    endpoints.set(endpoint.network, members.set(endpoint.id, endpoint));
  }
  const networks = below(keys.networks).flatMap((entry) => parseNetwork(entry) ?? []);
  const nodes = below(keys.nodes).flatMap((entry) => parseNode(entry) ?? []);
  return {
    nodes: byId(new Map(nodes.map((node) => [node.address, node]))),
    networks: new Map(networks.map((network) => [network.id, network])),
    endpoints,
    unreadable: new Set(),
    complete: false,
  };
}
