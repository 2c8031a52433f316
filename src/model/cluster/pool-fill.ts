/** How full the pools of networks are, by the endpoints that this host knows. Pure. */
import { addressValue, assignable, contains, ipPart } from '../values/address.js';
import type { Cidr, Cluster, Endpoint, Network, Subnet } from '../values/types.js';

export interface PoolFill {
  readonly pool: Cidr;
  /** Addresses that containers have, and those of the gateway and of `--aux-address` that lie in the range. */
  readonly used: number;
  /** Addresses that may be given out, 1 or more; of IPv6 as many as a double says. */
  readonly size: number;
}

/** Of the networks whose endpoints are known. What is given out and not on a network yet does not count. */
export function poolFills({ networks, endpoints }: Pick<Cluster, 'networks' | 'endpoints'>): readonly PoolFill[] {
  return [...endpoints].flatMap(([id, members]) => {
    const network = networks.get(id);
    return network === undefined ? [] : fillsOf(network, [...members.values()]);
  });
}

function fillsOf({ subnets }: Network, members: readonly Endpoint[]): readonly PoolFill[] {
  const addresses = members.flatMap((endpoint) => endpoint.addresses.map(ipPart));
  return subnets.map((subnet) => {
    const { pool, range } = subnet;
    const span = assignable(pool, range);
    const inSpan = (ip: string): boolean => {
      if (!contains(pool, ip)) return false;
      const value = addressValue(ip);
      return value >= span.first && value <= span.last;
    };
    const used = new Set([...reservedOf(subnet), ...addresses].filter(inSpan)).size;
    return { pool, used, size: Math.max(1, Number(span.last - span.first + 1n)) };
  });
}

const reservedOf = ({ gateway, aux }: Subnet): readonly string[] => [
  ...(gateway === undefined ? [] : [ipPart(gateway)]),
  ...Object.values(aux),
];
