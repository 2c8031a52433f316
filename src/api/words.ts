/** The one translator from errors to what a person reads at the docker prompt: one sentence, what to do. */
import { ZodError } from 'zod';
import { isDeadlineError, isKernelError, isStoreError, isUserError, messageOf } from '../errors.js';
import { clipped, shown } from '../model/values/printable.js';

const LONGEST = 2_000;

/**
 * Words for the person; unexpected errors say that they are ours. What names and records of others bring along is
 * shown, never obeyed by a terminal, and does not fill it.
 */
export const wordsFor = (error: unknown): string => clipped(shown(wording(error)), LONGEST);

function wording(error: unknown): string {
  if (isUserError(error) || isDeadlineError(error)) return `tsoverlay: ${error.message}`;
  if (isStoreError(error))
    return error.retryable
      ? `tsoverlay: the cluster store is out of reach, so nothing can be changed (${error.message}); running containers are not affected, try again when it is back`
      : `tsoverlay: the cluster store refused the change: ${error.message}`;
  if (isKernelError(error)) return `tsoverlay: the kernel refused "${error.verb}" with ${error.code}`;
  if (error instanceof ZodError) {
    const issue = error.issues[0];
    return `tsoverlay: the engine sent a request it cannot read: ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`;
  }
  return `tsoverlay: unexpected error, please report it: ${messageOf(error)}`;
}
