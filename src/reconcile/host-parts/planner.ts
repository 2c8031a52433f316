/** Who knows what a part of the host should be like. What he has seen before is all that he remembers. */
import type { HostPart, HostPlan, ObservedHost } from '../../model/host/host-plan.js';
import type { HostStep } from '../../model/host/host-steps.js';

export interface Planner<P extends HostPart> {
  /** Undefined while that is not known: what is there stays. */
  plan(found: ObservedHost[P]): HostPlan[P] | undefined;
  /** A pass has come to its end. `undone`: the steps to that plan that failed, or were not tried. */
  tried?(plan: HostPlan[P], undone: readonly HostStep[]): void;
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
