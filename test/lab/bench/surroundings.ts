/** Where and when the figures were taken. */
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Surroundings {
  /** UTC. */
  readonly date: string;
  readonly kernel: string;
  readonly cores: number;
  readonly processor: string;
  readonly node: string;
  /** Fewer samples than a whole run. */
  readonly quick: boolean;
  /** Processes that wanted a core before the run began, averaged over a minute: 0 on a machine left alone. */
  readonly loadBefore: number;
  readonly seconds: number;
  readonly memoryGib: number;
}

/** Call it before the run; what it gives is called after it. */
export function surroundings(quick: boolean): () => Surroundings {
  const loadBefore = loadavg()[0] ?? 0;
  const start = performance.now();
  return () => ({
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    kernel: release(),
    cores: cpus().length,
    processor: cpus()[0]?.model ?? '',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    quick,
    loadBefore: Number(loadBefore.toFixed(2)),
    seconds: Math.round((performance.now() - start) / 1000),
  });
}
