/** Leases that this process has given out: which were taken up, and how old the others are. */
import { keys } from '../../model/values/names.js';
import type { Cidr, Ip, Lease } from '../../model/values/types.js';
import { Ages } from '../changes/ages.js';

/** A lease of ours that no endpoint took up within this time was left behind by a crash, ms. */
const ABANDONED_MS = 30_000;

const keyOf = ({ pool, address }: Pick<Lease, 'pool' | 'address'>): string => keys.lease(pool, address);

export class IssuedLeases {
  /** Not taken up yet: the index each was written at, which saves CreateEndpoint a question. */
  private readonly indexes = new Map<string, number>();
  private readonly ages = new Ages<string>();

  /** It is about to be written: before the commit, for whoever frees what nobody uses may see it before its answer. */
  begin(pool: Cidr, address: Ip): void {
    this.ages.begin(keyOf({ pool, address }));
  }

  /** It was not written after all, or is given back. */
  end(pool: Cidr, address: Ip): void {
    this.ages.end(keyOf({ pool, address }));
    this.indexes.delete(keyOf({ pool, address }));
  }

  written(pool: Cidr, address: Ip, index: number): void {
    this.indexes.set(keyOf({ pool, address }), index);
  }

  /** The index of one that was just written, once. */
  take(pool: Cidr, address: Ip): number | undefined {
    const key = keyOf({ pool, address });
    const index = this.indexes.get(key);
    this.indexes.delete(key);
    return index;
  }

  isOfThisProcess(lease: Lease): boolean {
    return this.ages.has(keyOf(lease));
  }

  /** Old enough to be nobody's work in progress. */
  isAbandoned(lease: Lease): boolean {
    return this.ages.age(keyOf(lease)) > ABANDONED_MS;
  }
}
