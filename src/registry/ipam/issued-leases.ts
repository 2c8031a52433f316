/** Leases that this process has given out: which were taken up, how old the others are, and what it may have to free. */
import { keys } from '../../model/values/names.js';
import type { Cidr, Ip, Lease } from '../../model/values/types.js';
import { Ages } from '../changes/ages.js';

/** A lease of ours that no endpoint took up within this time was left behind by a crash, ms. */
const ABANDONED_MS = 30_000;

type Place = Pick<Lease, 'pool' | 'address'>;

const keyOf = ({ pool, address }: Place): string => keys.lease(pool, address);

export class IssuedLeases {
  /** Not taken up yet: the index each was written at, which saves CreateEndpoint a question. */
  private readonly indexes = new Map<string, number>();
  private readonly ages = new Ages<string>();
  /**
   * Those that may be in the store and serve nobody. Each goes from here only when an endpoint has it or the store has
   * said that it is no more: what a commit without an answer did nobody knows.
   */
  private readonly owed = new Map<string, Place>();

  /** It is about to be written: before the commit, for whoever frees what nobody uses may see it before its answer. */
  begin(pool: Cidr, address: Ip): void {
    this.ages.begin(keyOf({ pool, address }));
    this.owe(pool, address);
  }

  /** It was not written after all, or is being given back. */
  end(pool: Cidr, address: Ip): Place {
    this.ages.end(keyOf({ pool, address }));
    this.indexes.delete(keyOf({ pool, address }));
    return this.owe(pool, address);
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

  /** An endpoint has it, and it ends with that. */
  taken(pool: Cidr, address: Ip): void {
    this.owed.delete(keyOf({ pool, address }));
  }

  /** From now on it may serve nobody. */
  owe(pool: Cidr, address: Ip): Place {
    const place = { pool, address };
    this.owed.set(keyOf(place), place);
    return place;
  }

  /** What was owed then is no more; what has begun since is. */
  settle(place: Place): void {
    const key = keyOf(place);
    if (this.owed.get(key) !== place) return;
    for (const known of [this.owed, this.indexes]) known.delete(key);
    this.ages.end(key);
  }

  /** What is to be looked at now: nobody works on it any more. */
  get due(): readonly Place[] {
    return [...this.owed.values()].filter((place) => this.isAbandoned(place));
  }

  isOfThisProcess(lease: Place): boolean {
    return this.ages.has(keyOf(lease));
  }

  /** Old enough to be nobody's work in progress. */
  isAbandoned(lease: Place): boolean {
    return this.ages.age(keyOf(lease)) > ABANDONED_MS;
  }
}
