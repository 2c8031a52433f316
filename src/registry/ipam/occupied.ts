/**
 * Which addresses of a pool this host knows to be taken, without asking the store: those of the endpoints that it sees,
 * and for a while what it has written itself, what another was faster with, and what rests.
 */

import { addressValue, ipPart } from '../../model/values/address.js';
import { differing } from '../../model/values/differing.js';
import type { Cidr, Endpoint, EndpointId, Ip, Network, NetworkId } from '../../model/values/types.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { PoolRef } from './pool-ref.js';

type Endpoints = ReadonlyMap<EndpointId, Endpoint>;

/** Why an address is not offered, without an endpoint that is seen. */
interface Mark {
  /** By performance.now(). */
  readonly until: number;
  /** It says nothing of another one that has the pool since. Undefined while the pool was none's. */
  readonly network: NetworkId | undefined;
}

/** The addresses of a network's endpoints, and how many have each: records may be forged. */
interface Seen {
  of: Endpoints;
  readonly bearers: Map<bigint, number>;
  /** Where each look began, and where it found the first one that is not taken, by this record of the network. */
  readonly runs: Map<bigint, bigint>;
  network: Network;
}

export class Occupied {
  private readonly seen = new Map<NetworkId, Seen>();
  private readonly marks = new Map<Cidr, Map<bigint, Mark>>();

  constructor(private readonly view: Pick<ClusterView, 'current'>) {}

  /** Tells taken addresses from free ones; undefined where this host does not see the network's endpoints. */
  of(pool: PoolRef): ((value: bigint) => boolean) | undefined {
    const isSeen = this.seenIn(pool);
    return isSeen && ((value) => isSeen(value) || this.isMarked(pool, value));
  }

  /** The same without what is not to be offered for a while only. */
  seenIn({ network, cidr }: PoolRef): ((value: bigint) => boolean) | undefined {
    const endpoints = network && this.view.current.endpoints.get(network.id);
    const subnet = network?.subnets.find((s) => s.pool === cidr);
    if (network === undefined || endpoints === undefined || subnet === undefined) return undefined;
    const { bearers } = this.follow(network, endpoints);
    const gateway = subnet.gateway === undefined ? [] : [ipPart(subnet.gateway)];
    const reserved = new Set([...Object.values(subnet.aux), ...gateway].map(addressValue));
    return (value) => bearers.has(value) || reserved.has(value);
  }

  /** The first one from there on that nobody has who is seen: in a full pool a look need not begin thousands before it. */
  past(pool: PoolRef, from: bigint): bigint {
    const isSeen = this.seenIn(pool);
    const runs = pool.network && this.seen.get(pool.network.id)?.runs;
    if (isSeen === undefined || runs === undefined) return from;
    let value = runs.get(from) ?? from;
    while (isSeen(value)) value++;
    runs.set(from, value);
    return value;
  }

  /** True while {@link mark} holds. */
  isMarked({ cidr, network }: PoolRef, value: bigint): boolean {
    const mark = this.marks.get(cidr)?.get(value);
    if (mark === undefined || mark.until <= performance.now()) return false;
    return mark.network === undefined || network === undefined || mark.network === network.id;
  }

  /** Not to be offered for so long, ms. */
  mark({ cidr, network }: PoolRef, ip: Ip, forMs: number): void {
    const now = performance.now();
    const marks = this.marks.get(cidr) ?? new Map<bigint, Mark>();
    for (const [value, { until }] of marks) {
      // In the order of their making, which is nearly that of their ends.
      if (until > now) break;
      marks.delete(value);
    }
    const value = addressValue(ip);
    marks.delete(value);
    this.marks.set(cidr, marks.set(value, { until: now + forMs, network: network?.id }));
  }

  unmark(pool: Cidr, ip: Ip): void {
    this.marks.get(pool)?.delete(addressValue(ip));
  }

  /** Takes over what has changed since the last time. */
  private follow(network: Network, endpoints: Endpoints): Seen {
    const seen = this.seen.get(network.id) ?? this.begin(network);
    for (const key of differing(seen.of, endpoints)) {
      for (const value of valuesOf(seen.of.get(key))) count(seen, value, -1);
      for (const value of valuesOf(endpoints.get(key))) count(seen, value, 1);
    }
    // Another record may reserve other addresses.
    if (seen.network !== network) seen.runs.clear();
    seen.network = network;
    seen.of = endpoints;
    return seen;
  }

  private begin(network: Network): Seen {
    for (const other of this.seen.keys()) if (!this.view.current.endpoints.has(other)) this.seen.delete(other);
    const seen: Seen = { of: new Map(), bearers: new Map(), runs: new Map(), network };
    this.seen.set(network.id, seen);
    return seen;
  }
}

const valuesOf = (endpoint: Endpoint | undefined): readonly bigint[] =>
  (endpoint?.addresses ?? []).map((cidr) => addressValue(ipPart(cidr)));

function count({ bearers, runs }: Seen, value: bigint, by: number): void {
  const number = (bearers.get(value) ?? 0) + by;
  if (number !== 0) {
    bearers.set(value, number);
    return;
  }
  bearers.delete(value);
  for (const [from, end] of runs) if (from <= value && value < end) runs.set(from, value);
}
