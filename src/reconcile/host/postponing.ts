/** What of the steps of a namespace waits until no container comes or goes. */
import type { Step } from '../../model/plan/steps.js';
import { isPortName } from '../../model/values/names.js';
import type { NamespaceName } from '../../model/values/types.js';
import type { Rest } from './rest.js';

export interface Split {
  readonly steps: readonly Step[];
  /** Those of them that mend what somebody broke: what was put off before is no damage. */
  readonly due: readonly Step[];
  readonly isPutOff: boolean;
}

export class Postponing {
  /** Ports that were left. */
  private readonly left = new Map<NamespaceName, ReadonlySet<string>>();

  constructor(private readonly rest: Pick<Rest<NamespaceName>, 'isDue'>) {}

  split(name: NamespaceName, all: readonly Step[], due: readonly Step[]): Split {
    const before = this.left.get(name);
    const removals = all.filter(isRemoval);
    const isPutOff = removals.length > 0 && !this.rest.isDue(name);
    if (isPutOff) this.left.set(name, new Set(removals.map(({ link }) => link)));
    else this.left.delete(name);
    return {
      steps: isPutOff ? all.filter((step) => !isRemoval(step)) : all,
      due: due.filter((step) => !(isRemoval(step) && before?.has(step.link))),
      isPutOff,
    };
  }

  forget(name: NamespaceName): void {
    this.left.delete(name);
  }
}

/** Of a port whose endpoint is gone. */
const isRemoval = (step: Step): step is Step<'removeLink'> =>
  step.kind === 'removeLink' && step.prune === true && isPortName(step.link);
