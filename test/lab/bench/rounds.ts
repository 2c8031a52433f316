/** Samples in rounds: every contender once per round, so that whatever slows the machine down hits all of them. */

export interface Rounds {
  readonly count: number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Told after each round. */
  readonly progress: (done: number, of: number) => void;
}

/** One round: each contender's sample. */
export type Round<K extends string, T> = Readonly<Record<K, T>>;

/**
 * Takes `count` rounds after one that is thrown away. Who goes first changes from round to round: the first one of a
 * round may find caches cold or the garbage of the last. Rejects when the signal aborts.
 */
export async function inRounds<K extends string, T>(
  { count, signal, progress }: Rounds,
  contenders: readonly K[],
  sample: (contender: K) => Promise<T>,
): Promise<readonly Round<K, T>[]> {
  const taken: Round<K, T>[] = [];
  for (let i = -1; i < count; i++) {
    const samples: [K, T][] = [];
    for (const contender of rotated(contenders, i + 1)) {
      signal.throwIfAborted();
      samples.push([contender, await sample(contender)]);
    }
    if (i >= 0) taken.push(Object.fromEntries(samples) as Record<K, T>);
    progress(i + 1, count);
  }
  return taken;
}

const rotated = <K>(all: readonly K[], by: number): readonly K[] => {
  const first = by % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
};

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
