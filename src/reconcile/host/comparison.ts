/** A plan against all that was found, in slices: thousands of peers are too much for one turn of the event loop. */
import { setImmediate as breathe } from 'node:timers/promises';
import { diffParts } from '../../model/diff/diff.js';
import { asked } from '../../model/diff/repairs.js';
import type { NamespacePlan } from '../../model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../model/plan/observed.js';
import type { Step } from '../../model/plan/steps.js';
import type { NamespaceName } from '../../model/values/types.js';

/** Fewer peers are no slices. */
const LARGE = 500;

/** Lets other work come first where there is much. */
export async function pause(peers: number): Promise<void> {
  if (peers > LARGE) await breathe();
}

export interface Comparison {
  readonly steps: readonly Step[];
  /** Those of them that mend what somebody broke (see `repairs.ts`). */
  readonly due: readonly Step[];
}

/** `before`: the plan of the pass before, whose steps are repairs. */
export async function compare(
  name: NamespaceName,
  wanted: NamespacePlan | undefined,
  found: ObservedNamespace | undefined,
  before: NamespacePlan | undefined,
): Promise<Comparison> {
  const peers = wanted?.peers.length ?? 0;
  const old = found === undefined || before === undefined ? [] : diffParts(name, before, found);
  const [all, due]: [Step[][], Step[][]] = [[], []];
  for (const [i, part] of diffParts(name, wanted, found).entries()) {
    await pause(peers);
    const steps = part();
    all.push([...steps]);
    if (steps.length === 0 || found === undefined) continue;
    await pause(peers);
    due.push([...asked(steps, old[i]?.() ?? [], found)]);
  }
  return { steps: all.flat(), due: due.flat() };
}
