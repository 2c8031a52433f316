/** What a network cuts off on a host. Of records that do not change: their addresses are read once each. Pure. */
import { addressValue, parseCidr, type Span } from '../../model/values/address.js';
import type { Cidr, Network, Node, NodeId } from '../../model/values/types.js';

export interface Trouble {
  /** What it is about; of several troubles about the same, one is told. */
  readonly subject: string;
  readonly node: NodeId;
  readonly sentence: string;
}

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
      subject: `host in ${cidr}`,
      node: node.id,
      sentence: `network ${nameOf(network)} has subnet ${cidr}, in which host ${node.hostname} has its address ${node.address}: its containers do not reach that LAN, nor it their published ports; make networks with --ipam-driver tsoverlay, or name another --subnet`,
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
    const sentence = `network ${nameOf(network)} has subnet ${pool.cidr}, which overlaps ${gwbridge.cidr} of docker_gwbridge on host ${node.hostname}: no container can join it there; remove that docker_gwbridge, and tsoverlay makes another`;
    return [{ subject: 'way out', node: node.id, sentence }];
  }
  return [];
}

const nameOf = ({ id, announced }: Network): string => announced?.name ?? id.slice(0, 12);
