/** Spreads over time what all hosts would otherwise do at the same moment. */

export interface Spread {
  /** Milliseconds, both. */
  readonly least: number;
  readonly most: number;
}

/** Milliseconds, at random. */
export const momentIn = ({ least, most }: Spread): number => least + Math.random() * (most - least);
