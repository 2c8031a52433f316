/** What has become of questions. */

/** How many of each there have been. */
export interface Counts {
  answered: number;
  forwarded: number;
  dropped: number;
  connections: number;
}

/** Of one container. `pauses`: times that it asked for more than its share. */
export type ResolverCounts = Counts & { pauses: number };

export const noCounts = (): ResolverCounts => ({ answered: 0, forwarded: 0, dropped: 0, connections: 0, pauses: 0 });

export const added = (a: Readonly<ResolverCounts>, b: Readonly<ResolverCounts>): ResolverCounts => ({
  answered: a.answered + b.answered,
  forwarded: a.forwarded + b.forwarded,
  dropped: a.dropped + b.dropped,
  connections: a.connections + b.connections,
  pauses: a.pauses + b.pauses,
});
