/** Who knows what a part of the host should be like. What he has seen before is all that he remembers. */
import type { HostPart, HostPlan, ObservedHost } from '../../model/host/host-plan.js';

export interface Planner<P extends HostPart> {
  /** Undefined while that is not known: what is there stays. `made`: what it was last made into, all of it, by this process. */
  plan(found: ObservedHost[P], made?: HostPlan[P]): HostPlan[P] | undefined;
  /** Calls `listener` when there may be another plan. */
  onNews(listener: () => void): void;
  /** Somebody has told that what was asked of others may be out of date. */
  refresh(): void;
  stop(): void;
}

export type Planners = { readonly [P in HostPart]: Planner<P> };

/** What nothing changes. */
export const always = <P extends HostPart>(plan: HostPlan[P]): Planner<P> => ({
  plan: () => plan,
  onNews: () => {},
  refresh: () => {},
  stop: () => {},
});
