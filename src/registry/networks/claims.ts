/**
 * What a network owns besides its record: pools, VXLAN ids and its name, each under a key that says whose it is. A
 * record by itself proves nothing: one that names what another network owns must neither appear on any host nor take
 * that away when it goes.
 */
import { UserError } from '../../errors.js';
import type { Entry, Op, Store } from '../../model/ports/ports.js';
import { overlaps } from '../../model/values/address.js';
import { keys, namespaceName } from '../../model/values/names.js';
import { clipped } from '../../model/values/printable.js';
import { isId } from '../../model/values/shapes.js';
import type { Cidr, Network } from '../../model/values/types.js';
import { parsePool } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';

interface Claim {
  readonly key: string;
  /** For sentences. */
  readonly what: string;
  /** The pool, where it is one. */
  readonly pool?: Cidr;
  /** The id that an entry of this kind gives, '' for none yet; undefined for an entry that cannot be read. */
  readonly ownerIn: (entry: Entry) => string | undefined;
  /** Whether another network's record claims the same, or a part of it. */
  readonly isOf: (other: Network) => boolean;
}

const plainOwner = ({ value }: Entry): string | undefined => (isId(value) ? value : undefined);

const claimsOf = (network: Network): readonly Claim[] => [
  ...network.subnets.map(
    ({ pool }): Claim => ({
      key: keys.pool(pool),
      what: `subnet ${pool}`,
      pool,
      ownerIn: (entry) => {
        const found = parsePool(entry);
        return found && (found.network ?? '');
      },
      isOf: (other) => other.subnets.some((s) => overlaps(s.pool, pool)),
    }),
  ),
  ...[...new Set(network.subnets.map((s) => s.vni))].map(
    (vni): Claim => ({
      key: keys.vni(vni),
      what: `VXLAN id ${vni}`,
      ownerIn: plainOwner,
      isOf: (other) => other.subnets.some((s) => s.vni === vni),
    }),
  ),
  ...(network.announced === undefined ? [] : [nameClaim(network.announced.name)]),
];

const nameClaim = (name: string): Claim => ({
  key: keys.name(name),
  what: 'its name',
  ownerIn: plainOwner,
  isOf: (other) => other.announced?.name === name,
});

export class Claims {
  constructor(
    private readonly store: Pick<Store, 'get'>,
    private readonly view: Pick<ClusterView, 'current'>,
  ) {}

  /** Throws a UserError for a network that claims what is another's. Rejects with a StoreError. */
  async check(network: Network): Promise<void> {
    const name = clipped(network.announced?.name ?? network.id, 64);
    const refuse = (why: string) => new UserError(`network ${name} (${network.id.slice(0, 12)}) is left out: ${why}`);
    const twin = this.older(network).find((other) => namespaceName(other.id) === namespaceName(network.id));
    if (twin !== undefined) throw refuse(`its id begins like that of network ${nameOf(twin)}`);
    for (const claim of claimsOf(network)) {
      const entry = await this.store.get(claim.key);
      const rival = this.older(network).find(claim.isOf);
      if (rival !== undefined) throw refuse(`${claim.what} is that of network ${nameOf(rival)}`);
      if (entry === undefined || claim.ownerIn(entry) !== network.id)
        throw refuse(`${claim.what} is not its own, ${clipped(claim.key, 100)} in the store says`);
    }
  }

  /** Removes all that the network owns and nothing else, and with `record` itself. */
  async dropOps(network: Network): Promise<{ readonly owned: readonly Op[]; readonly record: readonly Op[] }> {
    const rivals = this.others(network);
    const found = await Promise.all(
      claimsOf(network).map(async (claim) => {
        const entry = await this.store.get(claim.key);
        const owner = entry && claim.ownerIn(entry);
        // One that is gone or cannot be read goes along, if nobody else could have it.
        const isOwn = owner === network.id && !this.older(network).some(claim.isOf);
        return isOwn || (owner === undefined && !rivals.some(claim.isOf)) ? dropClaim(claim, entry) : [];
      }),
    );
    const record: readonly Op[] = [
      { verb: 'delete', key: keys.network(network.id), index: network.index },
      { verb: 'deleteTree', prefix: keys.endpoints(network.id) },
      { verb: 'deleteTree', prefix: keys.heads(network.id) },
    ];
    return { owned: found.flat(), record };
  }

  private others({ id }: Network): readonly Network[] {
    return [...this.view.current.networks.values()].filter((other) => other.id !== id);
  }

  private older(network: Network): readonly Network[] {
    return this.others(network).filter((other) => (other.born ?? 0) < (network.born ?? 0));
  }
}

function dropClaim({ key, pool }: Claim, entry: Entry | undefined): readonly Op[] {
  return [
    ...(entry === undefined ? [] : [{ verb: 'delete' as const, key, index: entry.index }]),
    ...(pool === undefined
      ? []
      : [
          { verb: 'deleteTree' as const, prefix: keys.leases(pool) },
          { verb: 'deleteTree' as const, prefix: keys.releasedOf(pool) },
        ]),
  ];
}

const nameOf = ({ id, announced }: Network): string => clipped(announced?.name ?? id.slice(0, 12), 64);
