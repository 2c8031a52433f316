/** Which steps mend what somebody broke, and which follow a new wish. Pure. */

import type { NamespacePlan } from '../plan/namespace-plan.js';
import type { ObservedNamespace } from '../plan/observed.js';
import type { Step } from '../plan/steps.js';
import { diff } from './diff.js';

/**
 * Of `steps`, those that the plan of before would have asked for as well: nothing new was wished, yet the kernel is
 * not as it was made. Building a namespace from nothing is no repair.
 */
export function repairs(
  steps: readonly Step[],
  found: ObservedNamespace | undefined,
  before: NamespacePlan | undefined,
): readonly Step[] {
  if (steps.length === 0 || found === undefined || before === undefined) return [];
  return asked(steps, diff(found.name, before, found), found);
}

/** Of `steps`, those that are among `before` as well. */
export function asked(
  steps: readonly Step[],
  before: readonly Step[],
  found: Pick<ObservedNamespace, 'learning'>,
): readonly Step[] {
  const due = new Set(before.map((step) => JSON.stringify(step)));
  // What was not read may well have been there.
  const unread = (step: Step): boolean => found.learning === true && step.kind === 'replaceStatic';
  return steps.filter((step) => !unread(step) && due.has(JSON.stringify(step)));
}
