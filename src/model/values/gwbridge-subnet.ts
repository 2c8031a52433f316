/** docker_gwbridge beside our networks: a container has a card on both, so that their subnets must not overlap. Pure. */
import { freeSubnet, overlaps } from './address.js';
import type { Cidr, Network, Node } from './types.js';

/** Where an engine takes docker_gwbridge's subnet from, in its order (moby `libnetwork/ipamutils`). */
const ENGINES_CHOICE = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/15', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/13', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
] as const;

/** What a network of these pools would cut off from the outside. */
export function wayOutInside(
  pools: readonly Cidr[],
  nodes: Iterable<Node>,
): { readonly node: Node; readonly pool: Cidr; readonly gwbridge: Cidr } | undefined {
  for (const node of nodes)
    for (const gwbridge of node.gwbridge ?? []) {
      const pool = pools.find((p) => overlaps(p, gwbridge));
      if (pool !== undefined) return { node, pool, gwbridge };
    }
  return undefined;
}

/**
 * The subnet to make docker_gwbridge with on a host that has none and these routes. Undefined when the engine's own
 * choice does, which looks at routes alone and never at our networks.
 */
export function gwbridgeSubnet(networks: Iterable<Network>, routes: readonly Cidr[]): Cidr | undefined {
  const pools = [...networks].filter((n) => !n.internal).flatMap((n) => n.subnets.map((s) => s.pool));
  const likely = lowest(routes);
  if (likely === undefined || !pools.some((p) => overlaps(p, likely))) return undefined;
  return lowest([...routes, ...pools]);
}

function lowest(used: readonly Cidr[]): Cidr | undefined {
  for (const { base, size } of ENGINES_CHOICE) {
    const free = freeSubnet(base, size, used);
    if (free !== undefined) return free;
  }
  return undefined;
}
