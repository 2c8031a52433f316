/**
 * What each namespace is known to be like: made by a pass that did all its steps, while the kernel has told of nothing
 * else since. What nobody tells of is found by a full look every now and then.
 */
import type { NamespacePlan } from '../../model/plan/namespace-plan.js';
import type { EndpointId, NamespaceName } from '../../model/values/types.js';

export interface Made {
  readonly plan: NamespacePlan;
  /** What the plan was made with, see `Self`. */
  readonly sandboxes: ReadonlyMap<EndpointId, string>;
  /** LocalEndpoints' count of changes then. */
  readonly changes: number;
  /** When all of it was looked at, by performance.now(), and how long that took, ms. */
  readonly began: number;
  readonly took: number;
}

/** A full look that is due with the timer of the loop counts as due a little earlier, ms. */
const FULL_MS = 29_000;
/** Full looks at large networks, of 0.2 s for 5,000 peers, take no more than a fifteen-hundredth of the time. */
const SHARE = 1_500;
const LAST_MS = 300_000;

export class Certainty {
  private readonly made = new Map<NamespaceName, Made>();
  private readonly doubted = new Set<NamespaceName>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Undefined when all has to be looked at. */
  get(name: NamespaceName): Made | undefined {
    const made = this.made.get(name);
    if (made === undefined || this.doubted.has(name)) return undefined;
    const limit = Math.min(LAST_MS, Math.max(FULL_MS, made.took * SHARE));
    return this.now() - made.began < limit ? made : undefined;
  }

  set(name: NamespaceName, made: Made): void {
    this.made.set(name, made);
  }

  delete(name: NamespaceName): void {
    this.made.delete(name);
  }

  /** Somebody has changed something. */
  doubt(name: NamespaceName): void {
    this.doubted.add(name);
  }

  /** All is about to be looked at. What happens from now on is doubted anew. */
  trust(name: NamespaceName): void {
    this.doubted.delete(name);
    this.made.delete(name);
  }
}
