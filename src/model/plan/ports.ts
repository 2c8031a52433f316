/** A port for each endpoint of this host; made once for each record. Pure. */

import { hasUplink } from '../uplink/uplink.js';
import { familyOf, ipOf, networkOf } from '../values/address.js';
import { bridgeName, containerEnd } from '../values/names.js';
import type { Cidr, Endpoint, Ip, Network } from '../values/types.js';
import { holding } from './antispoof.js';
import { layoutOf, segmentOf, segmentWith } from './layout.js';
import type { PortPlan, Route } from './namespace-plan.js';
import type { Self } from './self.js';

interface MadePort {
  readonly network: Network;
  readonly mtu: number;
  /** Who puts the container's end where. */
  readonly way: string;
  readonly port: PortPlan;
}

const portsOf = new WeakMap<Endpoint, MadePort>();

export function portPlan(network: Network, self: Self, endpoint: Endpoint, mtu: number): PortPlan {
  const sandbox = self.sandboxes.get(endpoint.id);
  const way = sandbox ?? (self.joined.has(endpoint.id) ? 'engine' : 'nobody');
  const known = portsOf.get(endpoint);
  if (known?.network === network && known.mtu === mtu && known.way === way) return known.port;
  const port = {
    endpoint: endpoint.id,
    bridge: bridgeName(segmentOf(network, endpoint)),
    containerEnd: containerEnd(endpoint.id),
    mtu,
    mac: endpoint.mac,
    addresses: endpoint.addresses,
    end: endOf(network, self, endpoint),
    ...holding(network, endpoint),
  };
  portsOf.set(endpoint, { network, mtu, way, port });
  return port;
}

function endOf(network: Network, self: Self, endpoint: Endpoint): PortPlan['end'] {
  const sandbox = self.sandboxes.get(endpoint.id);
  if (sandbox === undefined) return self.joined.has(endpoint.id) ? 'engine' : 'nobody';
  const { mac, addresses } = endpoint;
  return { sandbox, mac, addresses, routes: [...staticRoutes(network, addresses), ...defaultRoute(network, endpoint)] };
}

/** Where a container of such a network sends what is for the outside: the gateway of its own IPv4 subnet. */
export function wayOut(network: Network, addresses: readonly Cidr[]): Ip | undefined {
  const own = addresses.find((address) => familyOf(address) === 4);
  if (own === undefined || !hasUplink(network)) return undefined;
  const segment = segmentWith(network, own);
  const isOwn = ({ pool, gateway }: Network['subnets'][number]): boolean =>
    gateway !== undefined && familyOf(pool) === 4 && segmentWith(network, gateway) === segment;
  const gateway = network.subnets.find(isOwn)?.gateway;
  return gateway === undefined ? undefined : ipOf(gateway);
}

/** Where a default route leads. */
export const ANYWHERE = networkOf('0.0.0.0/0');

/** The route that the engine makes of it. */
export const defaultRoute = (network: Network, { addresses }: Pick<Endpoint, 'addresses'>) => {
  const via = wayOut(network, addresses);
  return via === undefined ? [] : [{ to: ANYWHERE, via }];
};

/** From a container to the other subnets of its network, through its own subnet's gateway. */
export function staticRoutes(network: Network, addresses: readonly Cidr[]): readonly Route[] {
  const own = addresses.map(networkOf);
  const gateway = network.subnets.find((s) => own.includes(s.pool))?.gateway;
  if (gateway === undefined) return [];
  return layoutOf(network)
    .segments.flat()
    .filter((s) => !own.includes(s.pool) && familyOf(s.pool) === familyOf(gateway))
    .map((s) => ({ to: s.pool, via: ipOf(gateway) }));
}
