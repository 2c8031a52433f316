/**
 * What could not be done for which container: when it is tried again. A container can make it fail, succeed and fail
 * again as often as it likes, so a success alone does not end the patience with it.
 */
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 300_000;
/** Without a failure for so long, the next one is a first one. */
const FORGOTTEN_MS = 600_000;

interface Failure {
  readonly at: number;
  readonly wait: number;
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

  add(path: string): void {
    const now = this.clock();
    const last = this.failures.get(path);
    const known = last !== undefined && now - last.at - last.wait < FORGOTTEN_MS ? last : undefined;
    const wait = known ? Math.min(2 * known.wait, LONGEST_WAIT_MS) : FIRST_WAIT_MS;
    this.failures.set(path, { at: now, wait, pending: true });
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
