/** Whether this host has the short way for networks, which their plans follow. */
import type { CodeArgs } from '../../health/catalogue.js';
import type { RowPort } from '../../health/row.js';
import { type AcceleratorPlan, hookMark, type ObservedAccelerator } from '../../model/host/accelerator.js';
import { OFF, type Off } from '../../model/host/standing.js';
import type { Self } from '../../model/plan/self.js';
import type { AccelerateMode } from '../../model/values/settings.js';
import type { NodeAddress } from '../../model/values/types.js';
import type { Planner } from './planner.js';

export interface AcceleratorPlannerParts {
  readonly mode: AccelerateMode;
  readonly local: NodeAddress;
  /** UDP, of VXLAN. */
  readonly port: number;
  /** The host's own firewall is to see VXLAN, for there is no guard of ours. */
  readonly isGuarded: boolean;
  /** Of what keeps this host from it. */
  readonly row: RowPort<CodeArgs['host.acceleration']>;
}

export class AcceleratorPlanner implements Planner<'accelerator'> {
  private decided: Self['acceleration'];
  private listener: () => void = () => {};

  constructor(private readonly parts: AcceleratorPlannerParts) {
    this.decided = parts.mode === 'off' ? 'off' : 'undecided';
  }

  /** For the networks' plans: what an earlier process has made stays until the first look. */
  get acceleration(): Self['acceleration'] {
    return this.decided;
  }

  /** Calls `listener` when {@link acceleration} is another. */
  onDecided(listener: () => void): void {
    this.listener = listener;
  }

  plan(found: ObservedAccelerator): AcceleratorPlan | Off {
    const { mode, local, port, row } = this.parts;
    if (mode === 'off') return OFF;
    const hindrance = this.hindrance(found);
    if (hindrance === undefined) row.ok();
    else row.degraded({ reason: hindrance });
    if (hindrance !== undefined || found.link === undefined) {
      this.decide('off');
      return {};
    }
    const hook = { link: found.link, local, port };
    // Only a kernel that has shown that it can is asked for more; what stands once stays so while it is mended.
    if (found.hooked.get(hook.link) === hookMark(hook)) this.decide('on');
    return { hook };
  }

  onNews(): void {}

  refresh(): void {}

  stop(): void {
    this.listener = () => {};
  }

  private hindrance({ hindrance, link }: ObservedAccelerator): string | undefined {
    if (hindrance !== undefined) return hindrance;
    if (link === undefined) return 'no device has the address of this host';
    return this.parts.isGuarded ? undefined : 'VXLAN_GUARD is off, so a firewall of the host’s own is to see VXLAN';
  }

  private decide(acceleration: Self['acceleration']): void {
    if (acceleration === this.decided) return;
    this.decided = acceleration;
    this.listener();
  }
}
