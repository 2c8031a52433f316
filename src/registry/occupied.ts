/**
 * Which addresses of a pool this host knows to be taken, without asking the store: those of the endpoints that it sees,
 * and for a while what it has written itself, what another was faster with, and what rests.
 */
import { addressValue } from '../model/address.js';
import type { Cidr, Endpoint, EndpointId, Ip } from '../model/types.js';
import type { ClusterView } from '../store/cluster.js';
import type { PoolRef } from './room.js';

type Endpoints = ReadonlyMap<EndpointId, Endpoint>;

const ipPart = (cidr: Cidr): string => cidr.slice(0, cidr.indexOf('/'));

export class Occupied {
  /** By the identity of what they were made of, which stays while nothing changes (see PrefixView). */
  private readonly values = new WeakMap<Endpoint, readonly bigint[]>();
  private readonly sets = new WeakMap<Endpoints, ReadonlySet<bigint>>();
  /** Until when an address is not to be offered, by performance.now(). */
  private readonly marks = new Map<Cidr, Map<bigint, number>>();

  constructor(private readonly view: ClusterView) {}

  /** Tells taken addresses from free ones; undefined where this host does not see the network's endpoints. */
  of(pool: PoolRef): ((value: bigint) => boolean) | undefined {
    const isSeen = this.seenIn(pool);
    return isSeen && ((value) => isSeen(value) || this.isMarked(pool.cidr, value));
  }

  /** The same without what is not to be offered for a while only. */
  seenIn({ network, cidr }: PoolRef): ((value: bigint) => boolean) | undefined {
    const endpoints = network && this.view.current.endpoints.get(network.id);
    const subnet = network?.subnets.find((s) => s.pool === cidr);
    if (endpoints === undefined || subnet === undefined) return undefined;
    const seen = this.seen(endpoints);
    const gateway = subnet.gateway === undefined ? [] : [ipPart(subnet.gateway)];
    const reserved = new Set([...Object.values(subnet.aux), ...gateway].map(addressValue));
    return (value) => seen.has(value) || reserved.has(value);
  }

  /** True while {@link mark} holds. */
  isMarked(pool: Cidr, value: bigint): boolean {
    return (this.marks.get(pool)?.get(value) ?? 0) > performance.now();
  }

  /** Not to be offered for so long, ms. */
  mark(pool: Cidr, ip: Ip, forMs: number): void {
    const now = performance.now();
    const marks = this.marks.get(pool) ?? new Map<bigint, number>();
    for (const [value, until] of marks) {
      // In the order of their making, which is nearly that of their ends.
      if (until > now) break;
      marks.delete(value);
    }
    const value = addressValue(ip);
    marks.delete(value);
    this.marks.set(pool, marks.set(value, now + forMs));
  }

  unmark(pool: Cidr, ip: Ip): void {
    this.marks.get(pool)?.delete(addressValue(ip));
  }

  private seen(endpoints: Endpoints): ReadonlySet<bigint> {
    const known = this.sets.get(endpoints);
    if (known !== undefined) return known;
    const made = new Set<bigint>();
    for (const endpoint of endpoints.values()) {
      const values = this.values.get(endpoint) ?? endpoint.addresses.map((cidr) => addressValue(ipPart(cidr)));
      this.values.set(endpoint, values);
      for (const value of values) made.add(value);
    }
    this.sets.set(endpoints, made);
    return made;
  }
}
