/** What of the steps of a namespace waits until no container comes or goes. */
import type { Step } from '../../model/plan/steps.js';
import { isPortName } from '../../model/values/names.js';
import type { NamespaceName } from '../../model/values/types.js';
import { Rest } from './rest.js';

/** No container has come or gone for so long: then links are removed that nobody needs any more, ms. */
const QUIET_MS = 500;
/** Where containers come and go all the time, ms. */
const LONGEST_MS = 3_000;

export interface Split {
  readonly steps: readonly Step[];
  /** Those of them that mend what somebody broke: what was put off before is no damage. */
  readonly due: readonly Step[];
  readonly isPutOff: boolean;
}

export class Postponing {
  /** Ports that were left. */
  private readonly left = new Map<NamespaceName, ReadonlySet<string>>();

  private readonly rest: Rest<NamespaceName>;

  /** `onDue` is told of each that waited. */
  constructor(onDue: (name: NamespaceName) => void) {
    this.rest = new Rest(QUIET_MS, LONGEST_MS, onDue);
  }

  /** A container comes or goes. */
  disturb(name: NamespaceName): void {
    this.rest.disturb(name);
  }

  /** See {@link Rest.isDue}. */
  isDue(name: NamespaceName): boolean {
    return this.rest.isDue(name);
  }

  /** From now on nothing is put off. Gives those that waited. */
  end(): readonly NamespaceName[] {
    this.rest.end();
    return this.rest.waiting;
  }

  stop(): void {
    this.rest.stop();
  }

  split(name: NamespaceName, all: readonly Step[], due: readonly Step[]): Split {
    const before = this.left.get(name);
    const removals = all.filter(canWait);
    const isPutOff = removals.length > 0 && !this.rest.isDue(name);
    if (isPutOff) this.left.set(name, new Set(removals.map(({ link }) => link)));
    else this.left.delete(name);
    return {
      steps: isPutOff ? all.filter((step) => !canWait(step)) : all,
      due: due.filter((step) => !(canWait(step) && before?.has(step.link))),
      isPutOff,
    };
  }

  forget(name: NamespaceName): void {
    this.left.delete(name);
    this.rest.forget(name);
  }
}

/** The removal of a port whose endpoint is gone. */
export const canWait = (step: Step): step is Step<'removeLink'> =>
  step.kind === 'removeLink' && step.prune === true && isPortName(step.link);
