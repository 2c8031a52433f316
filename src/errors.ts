/**
 * Every error that tsoverlay raises on purpose. Each keeps its cause as data (errno, status, key); nothing
 * downstream matches message texts. `api/words.ts` is the one place that words them for the docker prompt.
 */

/** A request that cannot be granted. The message is one sentence: what is wrong, with which value, what to do. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** A setting names what this host does not have yet, but may get by itself: an interface, an address. */
export class NotYetError extends UserError {}

/** A kernel verb (an iproute2, mount or socket operation) that the kernel refused. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  constructor(
    /** What was tried, in iproute2's words, e.g. `ip link add vxlan0`. */
    readonly verb: string,
    /** Positive errno, e.g. 17 for EEXIST. */
    readonly errno: number,
    /** Symbol of the errno, e.g. `EEXIST`. */
    readonly code: string,
  ) {
    super(`${verb}: ${code}`);
  }
}

/** The store did not do as asked: unreachable, or it answered with an error. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly status: number | undefined;
  /** True when a store that works answered so, and will for a while: asking again soon is of no use. */
  readonly persists: boolean;
  constructor(
    message: string,
    /** True when the same call may go through later (unreachable, no leader, time-out). */
    readonly retryable: boolean,
    /** `status`: of the answer, where there was one. */
    options?: ErrorOptions & { readonly status?: number; readonly persists?: boolean },
  ) {
    super(message, options);
    this.status = options?.status;
    this.persists = options?.persists ?? false;
  }
}

/** Something asked for did not come about within its deadline. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

export const isUserError = (e: unknown): e is UserError => e instanceof UserError;
export const isStoreError = (e: unknown): e is StoreError => e instanceof StoreError;
export const isKernelError = (e: unknown, ...codes: string[]): e is KernelError =>
  e instanceof KernelError && (codes.length === 0 || codes.includes(e.code));
export const isDeadlineError = (e: unknown): e is DeadlineError => e instanceof DeadlineError;

/** True for Node's own errors that carry one of these `code`s (ENOENT, ECONNREFUSED, …). */
export const hasCode = (e: unknown, ...codes: string[]): boolean =>
  e instanceof Error && 'code' in e && codes.includes(String(e.code));

/** True when a file could not be written for what has befallen the disk, not for where it is. */
export const isDiskTrouble = (e: unknown): boolean => hasCode(e, 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO');

/** Whatever was thrown, as an Error. */
export const errorOf = (e: unknown): Error => (e instanceof Error ? e : new Error(String(e)));

/** The text of whatever was thrown. */
export const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
