/** Who asks at three in the morning wants to know that there is no answer. */
import { DeadlineError } from '../../errors.js';

/** Rejects with a DeadlineError when the work takes longer; it may go on. */
export async function within<T>(seconds: number, work: Promise<T>, what = 'this was not done'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what} within ${seconds} s`)), seconds * 1000);
  });
  // What it fails of later is nobody's any more.
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
