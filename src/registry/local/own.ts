/** This host's part of a network's endpoints, found once for each state of it: others change far more often. */
import type { Endpoint, EndpointId, NodeId } from '../../model/values/types.js';

type Endpoints = ReadonlyMap<EndpointId, Endpoint>;

const found = new WeakMap<Endpoints, { readonly self: NodeId; readonly own: readonly Endpoint[] }>();

export function ownIn(all: Endpoints | undefined, self: NodeId): readonly Endpoint[] {
  if (all === undefined) return [];
  const known = found.get(all);
  if (known?.self === self) return known.own;
  const own: Endpoint[] = [];
  for (const endpoint of all.values()) if (endpoint.node === self) own.push(endpoint);
  found.set(all, { self, own });
  return own;
}
