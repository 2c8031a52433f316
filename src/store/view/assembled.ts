/** One immutable value of all views. Pure. */
import { byId } from '../../model/cluster/origin.js';
import { keys } from '../../model/values/names.js';
import { isId } from '../../model/values/shapes.js';
import type { Cluster, Endpoint, EndpointId, Network, NetworkId, Node, NodeAddress } from '../../model/values/types.js';
import type { PrefixView } from '../prefix/prefix-view.js';

export const NOTHING: Cluster = {
  nodes: new Map(),
  networks: new Map(),
  endpoints: new Map(),
  unreadable: new Set(),
  complete: false,
};

export interface Views {
  readonly nodes: Pick<PrefixView<NodeAddress, Node>, 'loaded' | 'records'>;
  readonly networks: Pick<PrefixView<NetworkId, Network>, 'loaded' | 'records' | 'unreadable'>;
  readonly endpoints: Iterable<readonly [NetworkId, Pick<PrefixView<EndpointId, Endpoint>, 'loaded' | 'records'>]>;
}

/** Keeps the identity of what is in `last` already. */
export function assembled(last: Cluster, views: Views): Cluster {
  const loaded = [...views.endpoints].filter(([, view]) => view.loaded);
  const endpoints = new Map(loaded.map(([id, view]) => [id, view.records] as const));
  const isSame =
    endpoints.size === last.endpoints.size &&
    [...endpoints].every(([id, records]) => last.endpoints.get(id) === records);
  const unreadable = views.networks.unreadable.map((key) => key.slice(keys.networks.length) as NetworkId).filter(isId);
  return {
    nodes: byId(views.nodes.records),
    networks: views.networks.records,
    endpoints: isSame ? last.endpoints : endpoints,
    unreadable: new Set(unreadable),
    complete: views.nodes.loaded && views.networks.loaded,
  };
}
