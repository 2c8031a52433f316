/** What a network cuts off on a host. Of records that do not change: their addresses are read once each. Pure. */
import type { CodeArgs } from '../../health/catalogue.js';
import { addressValue, parseCidr, type Span } from '../../model/values/address.js';
import type { Cidr, Network, Node, NodeId } from '../../model/values/types.js';

/** Two of a network with the same code and subnet are one for whoever reads of them. */
export type Trouble = { readonly node: NodeId } & (
  | { readonly code: 'cluster.hidden-host'; readonly args: CodeArgs['cluster.hidden-host'] }
  | { readonly code: 'cluster.way-out'; readonly args: CodeArgs['cluster.way-out'] }
);

interface Area extends Pick<Span, 'family' | 'first' | 'last'> {
  readonly cidr: Cidr;
}

const areaOf = (cidr: Cidr): Area => {
  const { family, first, last } = parseCidr(cidr);
  return { cidr, family, first, last };
};

/** Kept with each record. */
function kept<T extends object>(areas: (record: T) => readonly Area[]): (record: T) => readonly Area[] {
  const known = new WeakMap<T, readonly Area[]>();
  return (record) => {
    const found = known.get(record) ?? areas(record);
    known.set(record, found);
    return found;
  };
}

const poolsOf = kept((network: Network) => network.subnets.map((s) => areaOf(s.pool)));
const gwbridgesOf = kept((node: Node) => (node.gwbridge ?? []).map(areaOf));
const places = new WeakMap<Node, bigint>();

function placeOf(node: Node): bigint {
  const place = places.get(node) ?? addressValue(node.address);
  places.set(node, place);
  return place;
}

export const troublesOf = (network: Network, node: Node): readonly Trouble[] => [
  ...hiddenHost(network, node),
  ...blockedWayOut(network, node),
];

/** The engine's own IPAM chose their subnet without a look at the LAN (see Pools). */
function hiddenHost(network: Network, node: Node): readonly Trouble[] {
  if (node.address.includes(':')) return [];
  const place = placeOf(node);
  return poolsOf(network)
    .filter((pool) => pool.family === 4 && pool.first <= place && place <= pool.last)
    .map(({ cidr }) => ({
      node: node.id,
      code: 'cluster.hidden-host',
      args: { network: nameOf(network), subnet: cidr, hostname: node.hostname, address: node.address },
    }));
}

/** A host that came after the network; creating it the other way round is refused (see Networks). */
function blockedWayOut(network: Network, node: Node): readonly Trouble[] {
  if (network.internal) return [];
  for (const gwbridge of gwbridgesOf(node)) {
    const pool = poolsOf(network).find(
      (p) => p.family === gwbridge.family && p.first <= gwbridge.last && gwbridge.first <= p.last,
    );
    if (pool === undefined) continue;
    const args = {
      ...{ network: nameOf(network), subnet: pool.cidr },
      ...{ hostname: node.hostname, gwbridge: gwbridge.cidr },
    };
    return [{ node: node.id, code: 'cluster.way-out', args }];
  }
  return [];
}

const nameOf = ({ id, announced }: Network): string => announced?.name ?? id.slice(0, 12);
