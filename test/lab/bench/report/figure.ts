/** One thing measured of several contenders in the same rounds. Pure. */
import { type Estimate, ratioOfMedians, type Summary, summarise } from '../statistics.js';

/** In the order of the tables' columns. */
export const COLUMNS = ['host', 'floor', 'rival', 'tsoverlay', 'accelerated', 'oneCard'] as const;
export type Column = (typeof COLUMNS)[number];

export interface Figure {
  readonly what: string;
  readonly unit: 'ms' | 'µs' | 'Gbit/s' | 'a second';
  readonly of: Readonly<Partial<Record<Column, Summary>>>;
  /** ÷ Docker's own, of all others. */
  readonly times: Readonly<Partial<Record<Column, Estimate>>>;
}

type Samples<C extends Column> = Readonly<Record<C | 'rival', number>>;

/** Of rounds as `sample` makes each contender's number of them. */
export function figure<C extends Column>(
  what: string,
  unit: Figure['unit'],
  contenders: readonly (C | 'rival')[],
  rounds: readonly Samples<C>[],
): Figure {
  const each = <T>(those: readonly (C | 'rival')[], make: (contender: C | 'rival') => T) =>
    Object.fromEntries(those.map((contender) => [contender, make(contender)])) as Partial<Record<Column, T>>;
  const others = contenders.filter((contender) => contender !== 'rival');
  return {
    what,
    unit,
    of: each(contenders, (c) => summarise(rounds.map((round) => round[c]))),
    times: each(others, (c) => ratioOfMedians(rounds.map((round) => [round[c], round.rival]))),
  };
}
