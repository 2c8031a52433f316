/** Where there is room for an address: in a pool, in its `--ip-range`, or in another subnet of the same network. */

import type { Store } from '../../model/ports/ports.js';
import { addressValue, assignable, contains, familyOf, freeAddress } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Cidr, Ip } from '../../model/values/types.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { AddressCooldown } from './address-cooldown.js';
import type { Occupied } from './occupied.js';
import { type PoolRef, poolOf } from './pool-ref.js';

interface Free {
  readonly ip: Ip;
  /** False: it was in use a moment ago, but there is no other. */
  readonly rested: boolean;
}

/** What the store has of a pool. */
interface Listing {
  readonly leases: ReadonlySet<bigint>;
  readonly resting: ReadonlySet<bigint>;
}

/** How long a listing serves the requests that come after it, ms: by then the host sees the network's endpoints. */
const LISTING_MS = 2_000;
/** How long an address that was picked is not picked again, ms: by then its lease is seen, or nobody took it up. */
const PICKED_MS = 30_000;

export interface FreeAddressesParts {
  readonly store: Pick<Store, 'keys'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly cooldown: Pick<AddressCooldown, 'of'>;
  readonly occupied: Pick<Occupied, 'isMarked' | 'mark' | 'of' | 'past' | 'seenIn'>;
}

export class FreeAddresses {
  /** Of a pool, and of the network that had it then. */
  private readonly listings = new Map<string, Promise<Listing>>();

  constructor(private readonly parts: FreeAddressesParts) {}

  /**
   * Picks the free address that comes `skip` behind the first one; undefined when the pool is full. The store is asked
   * only where this host does not see the network's endpoints, or knows of no free address.
   */
  async pick(pool: PoolRef, skip: number): Promise<Free | undefined> {
    const isTaken = this.parts.occupied.of(pool);
    const known = isTaken && this.first(pool, isTaken, skip);
    if (known !== undefined) return { ip: known, rested: true };
    const { leases, resting } = isTaken === undefined ? await this.lately(pool) : await this.list(pool.cidr);
    const now = this.parts.occupied.of(pool) ?? ((value: bigint) => this.parts.occupied.isMarked(pool, value));
    const rested = this.first(pool, (v) => leases.has(v) || resting.has(v) || now(v), skip);
    if (rested !== undefined) return { ip: rested, rested: true };
    // A store that is being filled again may lack what we see.
    const isSeen = this.parts.occupied.seenIn(pool);
    const all = isTaken === undefined ? await this.list(pool.cidr) : { leases };
    const ip = this.first(pool, (v) => all.leases.has(v) || isSeen?.(v) === true, 0);
    return ip === undefined ? undefined : { ip, rested: false };
  }

  /**
   * Marks it within the same turn, so that of two requests of this host each gets another one. `isTaken`: what is seen is
   * taken in any case.
   */
  private first(pool: PoolRef, isTaken: (value: bigint) => boolean, skip: number): Ip | undefined {
    // The creating engine's own IPAM hands out from below; from above we keep out of its way the longest.
    const from = pool.network?.ipam === 'engine' ? 'above' : 'below';
    const span = assignable(pool.cidr, pool.range);
    const first = from === 'below' ? this.parts.occupied.past(pool, span.first) : span.first;
    const ip = freeAddress({ ...span, first }, isTaken, from, skip);
    if (ip !== undefined) this.parts.occupied.mark(pool, ip, PICKED_MS);
    return ip;
  }

  /** One listing for all requests that come at once. */
  private lately({ cidr, network }: PoolRef): Promise<Listing> {
    const key = `${cidr} ${network?.id ?? ''}`;
    const recent = this.listings.get(key);
    if (recent !== undefined) return recent;
    const listing = this.list(cidr);
    this.listings.set(key, listing);
    const forget = () => this.listings.delete(key);
    listing.catch(forget);
    setTimeout(forget, LISTING_MS).unref();
    return listing;
  }

  private async list(pool: Cidr): Promise<Listing> {
    const prefix = keys.leases(pool);
    const [leases, resting] = await Promise.all([this.parts.store.keys(prefix), this.parts.cooldown.of(pool)]);
    const values = (ips: readonly string[]): ReadonlySet<bigint> => new Set(ips.map(addressValue));
    return { leases: values(leases.map((key) => key.slice(prefix.length))), resting: values(resting) };
  }

  /** The other subnets of the pool's network that could serve as well. */
  siblings(pool: PoolRef): readonly PoolRef[] {
    const { network } = pool;
    return (network?.subnets ?? [])
      .filter((s) => s.pool !== pool.cidr && familyOf(s.pool) === familyOf(pool.cidr))
      .flatMap((s) => (network && poolOf(network, s.pool)) ?? []);
  }

  /** The pool in the networks that claim it, that of its owner first: the others were made later and lie. */
  poolsOf(cidr: Cidr): readonly PoolRef[] {
    const all = [...this.parts.view.current.networks.values()].flatMap((network) => poolOf(network, cidr) ?? []);
    const born = ({ network }: PoolRef): number => network?.born ?? 0;
    return all.length < 2 ? all : all.sort((a, b) => born(a) - born(b));
  }

  /** The engine releases an address with the pool that it asked; it may be a sibling's. */
  poolWith(requested: Cidr, ip: Ip): PoolRef {
    const [owner] = this.poolsOf(requested);
    const network = owner?.network;
    const other = network?.subnets.find(({ pool }) => contains(pool, ip))?.pool;
    const cidr = contains(requested, ip) ? requested : (other ?? requested);
    return { cidr, ...(network !== undefined && { network }) };
  }
}
