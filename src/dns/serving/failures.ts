/**
 * What could not be done for which container: when it is tried again, and whether it is told of. A container can make
 * it fail, succeed and fail again as often as it likes, so a success alone does not end the patience with it.
 */
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 300_000;
/** Without a failure for so long, the next one is a first one. */
const FORGOTTEN_MS = 600_000;
/** One container's failures are told of at most so often. */
const QUIET_MS = 60_000;

interface Failure {
  readonly at: number;
  readonly wait: number;
  readonly told: { readonly at: number; readonly message: string };
  /** False once it has worked again. */
  readonly pending: boolean;
}

export class Failures {
  private readonly failures = new Map<string, Failure>();

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** Whether it has failed, and is not yet to be tried again. */
  waits(path: string): boolean {
    const failure = this.failures.get(path);
    return failure?.pending === true && this.clock() - failure.at < failure.wait;
  }

  /** Returns whether to tell of it: what was not said before, and never two things within a minute. */
  add(path: string, message: string): boolean {
    const now = this.clock();
    const last = this.failures.get(path);
    const known = last !== undefined && now - last.at - last.wait < FORGOTTEN_MS ? last : undefined;
    const wait = known ? Math.min(2 * known.wait, LONGEST_WAIT_MS) : FIRST_WAIT_MS;
    const news = known === undefined || (known.told.message !== message && now - known.told.at >= QUIET_MS);
    this.failures.set(path, { at: now, wait, told: news ? { at: now, message } : known.told, pending: true });
    return news;
  }

  worked(path: string): void {
    const failure = this.failures.get(path);
    if (failure) this.failures.set(path, { ...failure, pending: false });
  }

  /** Forgets all that `wanted` does not have. */
  keepOnly(wanted: ReadonlyMap<string, unknown>): void {
    for (const path of this.failures.keys()) if (!wanted.has(path)) this.failures.delete(path);
  }
}
