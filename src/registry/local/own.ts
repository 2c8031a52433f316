/** This host's part of a network's endpoints, kept from one state of it to the next: others change far more often. */
import { differing } from '../../model/values/differing.js';
import { lineOf } from '../../model/values/edition.js';
import type { Endpoint, EndpointId, NodeId } from '../../model/values/types.js';

type Endpoints = ReadonlyMap<EndpointId, Endpoint>;

interface Found {
  readonly all: Endpoints;
  readonly self: NodeId;
  readonly own: readonly Endpoint[];
}

const found = new WeakMap<object, Found>();

/** The same list as long as none of them has changed. */
export function ownIn(all: Endpoints | undefined, self: NodeId): readonly Endpoint[] {
  if (all === undefined) return [];
  const line = lineOf(all);
  const known = found.get(line);
  const own = known?.self === self ? follow(known, all) : [...all.values()].filter((e) => e.node === self);
  found.set(line, { all, self, own });
  return own;
}

function follow({ all: before, self, own }: Found, after: Endpoints): readonly Endpoint[] {
  const touched = differing(before, after).filter((id) => [before.get(id)?.node, after.get(id)?.node].includes(self));
  if (touched.length === 0) return own;
  const now = new Map(own.map((e) => [e.id, e]));
  for (const id of touched) {
    const endpoint = after.get(id);
    if (endpoint?.node === self) now.set(id, endpoint);
    else now.delete(id);
  }
  return [...now.values()];
}
