/** Samples in rounds: every contender once per round, so that whatever slows the machine down hits all of them. */

export interface Rounds {
  readonly count: number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Told after each round. */
  readonly progress: (done: number, of: number) => void;
  /** Told of a sample that failed and is taken again; the engine's own driver has its bad days. */
  readonly failed: (contender: string, error: unknown) => void;
}

/** Samples of one contender in one round. */
const TRIES = 3;

/** One round: each contender's sample. */
export type Round<K extends string, T> = Readonly<Record<K, T>>;

/**
 * Takes `count` rounds after one that is thrown away. Who goes first changes from round to round: the first one of a
 * round may find caches cold or the garbage of the last. Rejects when the signal aborts, or a sample keeps failing.
 */
export async function inRounds<K extends string, T>(
  rounds: Rounds,
  contenders: readonly K[],
  sample: (contender: K) => Promise<T>,
): Promise<readonly Round<K, T>[]> {
  const taken: Round<K, T>[] = [];
  for (let i = -1; i < rounds.count; i++) {
    const samples: [K, T][] = [];
    for (const contender of rotated(contenders, i + 1))
      samples.push([contender, await patiently(rounds, contender, () => sample(contender))]);
    if (i >= 0) taken.push(Object.fromEntries(samples) as Record<K, T>);
    rounds.progress(i + 1, rounds.count);
  }
  return taken;
}

async function patiently<T>({ signal, failed }: Rounds, contender: string, sample: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await sample();
    } catch (e) {
      // Ctrl-C ends the command of the sample as well.
      if (signal.aborted || tries === TRIES) throw e;
      failed(contender, e);
    }
  }
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
