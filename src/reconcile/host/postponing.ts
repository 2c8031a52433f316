/** What of the steps of a namespace waits until no container comes or goes. */
import { networkOfNamespace } from '../../model/plan/plan.js';
import type { Step } from '../../model/plan/steps.js';
import { isPortName } from '../../model/values/names.js';
import type { Cluster, NamespaceName } from '../../model/values/types.js';
import { Rest } from './rest.js';

/** No container has come or gone for so long: then links are removed that nobody needs any more, ms. */
const QUIET_MS = 500;
/** Where containers come and go all the time, ms. */
const LONGEST_MS = 3_000;
/** So long an empty namespace waits for the next container, which would make it anew with thirty requests, ms. */
const EMPTY_MS = 1_000;

export interface Split {
  readonly steps: readonly Step[];
  /** Those of them that mend what somebody broke: what was put off before is no damage. */
  readonly due: readonly Step[];
  readonly isPutOff: boolean;
}

export class Postponing {
  /** Ports that were left. */
  private readonly left = new Map<NamespaceName, ReadonlySet<string>>();

  /** Those whose removals the next pass does. */
  private readonly next = new Set<NamespaceName>();
  private isOver = false;
  private readonly ports: Rest<NamespaceName>;
  private readonly empty: Rest<NamespaceName>;

  /** `onDue` is told of each that waited. */
  constructor(private readonly onDue: (name: NamespaceName) => void) {
    this.ports = new Rest(QUIET_MS, LONGEST_MS, onDue);
    this.empty = new Rest(EMPTY_MS, Number.POSITIVE_INFINITY, onDue);
  }

  /** A container comes or goes. */
  disturb(name: NamespaceName): void {
    for (const rest of [this.ports, this.empty]) rest.disturb(name);
  }

  /**
   * Whether a namespace without containers stays as it is for now, for the next one may be about to come; it is told of when
   * that is over. Without its network its VNI is free for another one.
   */
  keepsEmpty(name: NamespaceName, cluster: Cluster): boolean {
    return networkOfNamespace(cluster, name) !== undefined && !this.empty.isDue(name);
  }

  /** From now on nothing is put off. Gives those that waited. */
  end(): readonly NamespaceName[] {
    this.isOver = true;
    for (const rest of [this.ports, this.empty]) rest.end();
    return [...new Set([...this.ports.waiting, ...this.empty.waiting, ...this.next])];
  }

  stop(): void {
    for (const rest of [this.ports, this.empty]) rest.stop();
  }

  split(name: NamespaceName, all: readonly Step[], due: readonly Step[]): Split {
    const before = this.left.get(name);
    const removals = all.filter(canWait);
    const wasNext = this.next.delete(name);
    const isDue = removals.length === 0 || wasNext || this.ports.isDue(name);
    // A container waits for what is made: what goes has the pass right after, whatever is to be made by then.
    const makes = removals.length > 0 && all.length > removals.length;
    const isNext = makes && isDue && !wasNext && !this.isOver;
    if (isNext) {
      this.next.add(name);
      this.onDue(name);
    }
    const isPutOff = isNext || !isDue;
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
    this.next.delete(name);
    for (const rest of [this.ports, this.empty]) rest.forget(name);
  }
}

/** The removal of a port whose endpoint is gone. */
export const canWait = (step: Step): step is Step<'removeLink'> =>
  step.kind === 'removeLink' && step.prune === true && isPortName(step.link);
