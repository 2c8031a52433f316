/**
 * Endpoints that fit their network and each other. Anybody who may write to the store can write a record that is well
 * formed by itself and yet claims the gateway's address, or another endpoint's. Pure, but for what a contest keeps.
 */

import { segmentOfHost } from '../plan/layout.js';
import { ipOf, networkOf } from '../values/address.js';
import type { Cidr, Endpoint, EndpointId, Ip, Network } from '../values/types.js';

/** Who holds an address that several claim, as the lease says; undefined while that is not known. */
export type HolderOf = (pool: Cidr, ip: Ip) => EndpointId | undefined;

/** The segment of an endpoint all of whose addresses this network hands out to endpoints; undefined for any other. */
function segmentOf(network: Network, { addresses: [first, ...rest] }: Endpoint): number | undefined {
  const segment = first && segmentOfHost(network, first);
  return rest.every((address) => segmentOfHost(network, address) === segment) ? segment : undefined;
}

interface Claim {
  readonly pool: Cidr;
  readonly ip: Ip;
}

type Endpoints = ReadonlyMap<EndpointId, Endpoint>;

export interface Sound {
  readonly endpoints: Endpoints;
  /** Addresses that several fitting endpoints claim. */
  readonly contested: readonly Claim[];
}

/** Most claims have one claimant; a forged one may have thousands. */
type Claimants = Endpoint | Set<Endpoint>;

/**
 * At most one endpoint for each address, and for each MAC in a segment: one that lives here, else who holds the lease,
 * else the older one. The choice depends on what the records say, never on their order. Each claim is judged by itself,
 * so that one more endpoint costs what it claims and not what all the others do.
 */
export class Contest {
  private readonly claims = new Map<string, Claimants>();
  /** Those who lost a claim, by what they claim. */
  private readonly losers = new Map<string, readonly Endpoint[]>();
  /** How many claims each has lost. */
  private readonly losses = new Map<EndpointId, number>();
  private readonly winners = new Map<EndpointId, Endpoint>();
  private readonly segments = new Map<EndpointId, number>();

  constructor(
    readonly network: Network,
    private readonly livesHere: (endpoint: Endpoint) => boolean = () => false,
  ) {}

  /**
   * Takes out and in what has changed; `holdersChanged`: what several claim is judged anew. `all`: among which are
   * those that take part. While nobody is left out they are the result: copying thousands would be most of the work.
   */
  change(
    all: Endpoints,
    gone: readonly Endpoint[],
    come: readonly Endpoint[],
    holderOf: HolderOf,
    holdersChanged = false,
  ): Sound {
    const { winners } = this;
    const touched = new Set<string>(holdersChanged ? this.losers.keys() : []);
    for (const e of gone) {
      for (const what of this.claimsOf(e)) {
        this.withdraw(what, e);
        touched.add(what);
      }
      this.segments.delete(e.id);
      winners.delete(e.id);
    }
    for (const e of come) {
      const segment = segmentOf(this.network, e);
      if (segment === undefined) continue;
      this.segments.set(e.id, segment);
      for (const what of this.claimsOf(e)) {
        this.enter(what, e);
        touched.add(what);
      }
      winners.set(e.id, e);
    }
    for (const what of touched) this.judge(what, holderOf);
    const endpoints = winners.size === all.size ? all : new Map(winners);
    return { endpoints, contested: [...this.losers.keys()].flatMap((what) => placeOf(what) ?? []) };
  }

  /** The addresses, and the MAC in the segment; nothing for who does not fit. */
  private claimsOf(e: Endpoint): readonly string[] {
    const segment = this.segments.get(e.id);
    return segment === undefined ? [] : [...e.addresses, `${segment} ${e.mac}`];
  }

  private enter(what: string, e: Endpoint): void {
    const others = this.claims.get(what);
    if (others instanceof Set) others.add(e);
    else this.claims.set(what, others === undefined ? e : new Set([others, e]));
  }

  private withdraw(what: string, e: Endpoint): void {
    const found = this.claims.get(what);
    if (found instanceof Set) found.delete(e);
    const [only, more] = found instanceof Set ? found : [];
    if (only === undefined) this.claims.delete(what);
    else if (more === undefined) this.claims.set(what, only);
  }

  private judge(what: string, holderOf: HolderOf): void {
    const before = this.losers.get(what) ?? [];
    const found = this.claims.get(what);
    const claimants = found instanceof Set ? [...found] : [];
    if (before.length === 0 && claimants.length === 0) return;
    const place = placeOf(what);
    const holder = claimants.length > 0 ? place && holderOf(place.pool, place.ip) : undefined;
    const rank = (e: Endpoint): number => (this.livesHere(e) ? 2 : e.id === holder ? 1 : 0);
    const best = claimants.reduce<Endpoint | undefined>((a, e) => (a && !isBefore(rank, e, a) ? a : e), undefined);
    const after = claimants.filter((e) => e !== best);
    if (after.length > 0) this.losers.set(what, after);
    else this.losers.delete(what);
    for (const e of after) this.count(e, 1);
    for (const e of before) this.count(e, -1);
    for (const e of found === undefined || found instanceof Set ? claimants : [found]) {
      if (this.losses.has(e.id)) this.winners.delete(e.id);
      else this.winners.set(e.id, e);
    }
  }

  private count({ id }: Endpoint, by: number): void {
    const losses = (this.losses.get(id) ?? 0) + by;
    if (losses === 0) this.losses.delete(id);
    else this.losses.set(id, losses);
  }
}

/** An address that is claimed; undefined for a MAC. */
const placeOf = (what: string): Claim | undefined =>
  what.includes(' ') ? undefined : { pool: networkOf(what), ip: ipOf(what) };

/** All at once. */
export function sound(
  network: Network,
  endpoints: Iterable<Endpoint>,
  holderOf: HolderOf,
  livesHere?: (endpoint: Endpoint) => boolean,
): Sound {
  const come = [...endpoints];
  return new Contest(network, livesHere).change(new Map(come.map((e) => [e.id, e])), [], come, holderOf);
}

function isBefore(rank: (e: Endpoint) => number, a: Endpoint, b: Endpoint): boolean {
  const [x, y] = [rank(a), rank(b)];
  if (x !== y) return x > y;
  const [i, j] = [a.born ?? 0, b.born ?? 0];
  return i === j ? a.id < b.id : i < j;
}
