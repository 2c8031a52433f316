/** Where there is room for an address: in a pool, in its `--ip-range`, or in another subnet of the same network. */
import { assignable, contains, familyOf, freeAddress } from '../model/address.js';
import { keys } from '../model/names.js';
import type { Store } from '../model/ports.js';
import type { Cidr, Ip, Network } from '../model/types.js';
import type { ClusterView } from '../store/cluster.js';
import type { Released } from './released.js';

/** A pool, with the network that has it; none while that is being created. */
export interface PoolRef {
  readonly cidr: Cidr;
  /** `--ip-range`, of the network or (while that is being created) of the claim. */
  readonly range?: Cidr | undefined;
  readonly network?: Network;
}

/** The pool as a part of this network; undefined when it is not. */
export function poolOf(network: Network, cidr: Cidr): PoolRef | undefined {
  const subnet = network.subnets.find((s) => s.pool === cidr);
  return subnet && { cidr, range: subnet.range, network };
}

interface Free {
  readonly ip: Ip;
  /** False: it was in use a moment ago, but there is no other. */
  readonly rested: boolean;
}

export class Room {
  constructor(
    private readonly store: Store,
    private readonly view: ClusterView,
    private readonly released: Released,
  ) {}

  /** Undefined when the pool is full. */
  async nextFree(pool: PoolRef): Promise<Free | undefined> {
    const prefix = keys.leases(pool.cidr);
    const [leases, resting] = await Promise.all([this.store.keys(prefix), this.released.of(pool.cidr)]);
    const taken = leases.map((key) => key.slice(prefix.length));
    const span = assignable(pool.cidr, pool.range);
    // The creating engine's own IPAM hands out from below; from above we keep out of its way the longest.
    const from = pool.network?.ipam === 'engine' ? 'above' : 'below';
    const rested = freeAddress(span, new Set([...taken, ...resting]), from);
    if (rested !== undefined) return { ip: rested, rested: true };
    const ip = freeAddress(span, new Set(taken), from);
    return ip === undefined ? undefined : { ip, rested: false };
  }

  /** The other subnets of the pool's network that could serve as well. */
  siblings(pool: PoolRef): readonly PoolRef[] {
    const { network } = pool;
    return (network?.subnets ?? [])
      .filter((s) => s.pool !== pool.cidr && familyOf(s.pool) === familyOf(pool.cidr))
      .flatMap((s) => (network && poolOf(network, s.pool)) ?? []);
  }

  /** The engine releases an address with the pool that it asked; it may be a sibling's. */
  poolWith(requested: Cidr, ip: Ip): Cidr {
    if (contains(requested, ip)) return requested;
    const pools = [...this.view.current.networks.values()].map((n) => n.subnets.map((s) => s.pool));
    return pools.find((list) => list.includes(requested))?.find((cidr) => contains(cidr, ip)) ?? requested;
  }
}
