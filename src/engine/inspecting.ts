/**
 * Inspects of several containers, each for a limited time: the engine keeps one waiting for as long as its container is
 * locked, and one that hangs is to hold up none of the others.
 */
import { DeadlineError, messageOf } from '../errors.js';

/** At once. */
const TOGETHER = 8;

export interface Inspected<T> {
  readonly told: readonly T[];
  /** Those that nothing was told of, and why. */
  readonly silent: ReadonlyMap<string, string>;
}

/** `inspect`: resolves with undefined for one that is gone. */
export async function inspectAll<T>(
  ids: readonly string[],
  eachMs: number,
  inspect: (id: string) => Promise<T | undefined>,
): Promise<Inspected<T>> {
  const told: T[] = [];
  const silent = new Map<string, string>();
  for (let i = 0; i < ids.length; i += TOGETHER)
    await Promise.all(
      ids.slice(i, i + TOGETHER).map(async (id) => {
        try {
          const found = await within(eachMs, inspect(id));
          if (found !== undefined) told.push(found);
        } catch (e) {
          silent.set(id, messageOf(e));
        }
      }),
    );
  return { told, silent };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`no answer within ${ms / 1000} s`)), ms).unref();
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
