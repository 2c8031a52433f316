/** How full each pool is, by the names of the store's keys alone. */
import { assignable } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Cidr, Network, NetworkId } from '../../model/values/types.js';

export interface Fill {
  readonly pool: Cidr;
  readonly network: NetworkId;
  /** Addresses that it can give out, of its range where it has one. */
  readonly size: number;
  /** Those that somebody has, gateways and auxiliary addresses too. */
  readonly held: number;
  /** Those given up less than ten seconds ago, which are given out last. */
  readonly cooling: number;
}

/** `leases` and `released`: keys below `addresses/` and `released/`. */
export function fillOf(
  networks: readonly Network[],
  leases: readonly string[],
  released: readonly string[],
): readonly Fill[] {
  const [held, cooling] = [leases, released].map(countedByPool);
  return networks.flatMap(({ id, subnets }) =>
    subnets.map(({ pool, range }) => {
      const { first, last } = assignable(pool, range);
      return {
        ...{ pool, network: id, size: Number(last - first + 1n) },
        held: held?.get(keys.leases(pool).split('/')[1] ?? '') ?? 0,
        cooling: cooling?.get(keys.releasedOf(pool).split('/')[1] ?? '') ?? 0,
      };
    }),
  );
}

/** By the key's second part. */
function countedByPool(all: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const key of all) {
    const [, pool = ''] = key.split('/');
    found.set(pool, (found.get(pool) ?? 0) + 1);
  }
  return found;
}

export const percentOf = ({ held, size }: Fill): number => (size <= 0 ? 100 : Math.floor((100 * held) / size));

/** As people read it: pools of IPv6 have more addresses than digits say anything of. */
export const sizeWords = (size: number): string => (size < 2 ** 40 ? `${size}` : `2^${Math.round(Math.log2(size))}`);
