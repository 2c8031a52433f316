/**
 * Endpoints that fit their network and each other. Anybody who may write to the store can write a record that is well
 * formed by itself and yet claims the gateway's address, or another endpoint's. Pure.
 */
import { ipOf, isHostAddress, networkOf } from './address.js';
import { segmentsOf } from './plan.js';
import type { Cidr, Endpoint, EndpointId, Ip, Network } from './types.js';

/** Who holds an address that several claim, as the lease says; undefined while that is not known. */
export type HolderOf = (pool: Cidr, ip: Ip) => EndpointId | undefined;

/** Of records that do not change; a network's own record changes rarely. */
const verdicts = new WeakMap<Endpoint, { readonly network: Network; readonly segment: number | undefined }>();

/** The segment of an endpoint all of whose addresses this network hands out to endpoints; undefined for any other. */
function segmentOf(network: Network, endpoint: Endpoint): number | undefined {
  const known = verdicts.get(endpoint);
  if (known?.network === network) return known.segment;
  const all = endpoint.addresses.every((address) => isHandedOut(network, address));
  const [segment, another] = all ? segmentsOf(network, endpoint.addresses) : [];
  const verdict = another === undefined ? segment : undefined;
  verdicts.set(endpoint, { network, segment: verdict });
  return verdict;
}

function isHandedOut(network: Network, address: Cidr): boolean {
  const [pool, ip] = [networkOf(address), ipOf(address)];
  const subnet = network.subnets.find((s) => s.pool === pool);
  if (subnet === undefined || !isHostAddress(pool, ip)) return false;
  return (subnet.gateway === undefined || ipOf(subnet.gateway) !== ip) && !Object.values(subnet.aux).includes(ip);
}

interface Claim {
  readonly pool: Cidr;
  readonly ip: Ip;
}

export interface Sound {
  readonly endpoints: ReadonlyMap<EndpointId, Endpoint>;
  /** Addresses that several fitting endpoints claim. */
  readonly contested: readonly Claim[];
}

/**
 * At most one endpoint for each address, and for each MAC in a segment: one that lives here, else who holds the lease,
 * else the older one. The choice depends on what the records say, never on their order.
 */
export function sound(
  network: Network,
  endpoints: Iterable<Endpoint>,
  holderOf: HolderOf,
  livesHere: (endpoint: Endpoint) => boolean = () => false,
): Sound {
  const claims = new Map<string, Endpoint[]>();
  const claim = (what: string, endpoint: Endpoint): void => {
    const others = claims.get(what);
    if (others === undefined) claims.set(what, [endpoint]);
    else others.push(endpoint);
  };
  const fitting = [...endpoints].filter((e) => segmentOf(network, e) !== undefined);
  for (const e of fitting) {
    for (const address of e.addresses) claim(address, e);
    claim(`${segmentOf(network, e)} ${e.mac}`, e);
  }
  const losers = new Set<Endpoint>();
  const contested: Claim[] = [];
  for (const [what, claimants] of claims) {
    if (claimants.length === 1) continue;
    const place = what.includes(' ') ? undefined : { pool: networkOf(what), ip: ipOf(what as Cidr) };
    if (place) contested.push(place);
    const holder = place && holderOf(place.pool, place.ip);
    const rank = (e: Endpoint): number => (livesHere(e) ? 2 : e.id === holder ? 1 : 0);
    const winner = claimants.reduce((best, e) => (isBefore(rank, e, best) ? e : best));
    for (const e of claimants) if (e !== winner) losers.add(e);
  }
  const left = fitting.filter((e) => !losers.has(e));
  return { endpoints: new Map(left.map((e) => [e.id, e])), contested };
}

function isBefore(rank: (e: Endpoint) => number, a: Endpoint, b: Endpoint): boolean {
  const [x, y] = [rank(a), rank(b)];
  if (x !== y) return x > y;
  const [i, j] = [a.born ?? 0, b.born ?? 0];
  return i === j ? a.id < b.id : i < j;
}
