/** A host for stories: its kernel outlives its process, and looks come when the story says so. */
import { vi } from 'vitest';
import { UNMEASURED } from '../../../../src/health/measures.js';
import { OFF } from '../../../../src/model/host/standing.js';
import { SYSCTLS } from '../../../../src/model/host/sysctls.js';
import type { AccelerateMode, GwbridgeWish } from '../../../../src/model/values/settings.js';
import type { Cidr, Cluster } from '../../../../src/model/values/types.js';
import { AcceleratorPlanner } from '../../../../src/reconcile/host-parts/accelerator-planner.js';
import {
  ConsulGuardPlanner,
  type ConsulGuardPlannerParts,
} from '../../../../src/reconcile/host-parts/consul-guard-planner.js';
import { EncryptionFencePlanner } from '../../../../src/reconcile/host-parts/encryption-fence-planner.js';
import { GwbridgePlanner } from '../../../../src/reconcile/host-parts/gwbridge-planner.js';
import { HostPartsPass } from '../../../../src/reconcile/host-parts/host-parts-pass.js';
import { always, type Planner } from '../../../../src/reconcile/host-parts/planner.js';
import { ProbePlanner } from '../../../../src/reconcile/host-parts/probe-planner.js';
import { UplinksPlanner } from '../../../../src/reconcile/host-parts/uplinks-planner.js';
import { VxlanGuardPlanner } from '../../../../src/reconcile/host-parts/vxlan-guard-planner.js';
import { FakeHostParts } from '../../../fakes/host-parts.js';
import { heardRows } from '../../health/heard.js';
import { HOST1 } from '../../model/fixtures.js';

export interface Settings {
  readonly isGuarded: boolean;
  readonly accelerate: AccelerateMode;
  readonly gwbridge: GwbridgeWish;
  /** Made anew with each process. */
  readonly crypt?: (heard: ReturnType<typeof heardRows>, view: { current: Cluster }) => Planner<'crypt'>;
  readonly consul: Pick<ConsulGuardPlannerParts, 'servers' | 'bridges' | 'resolve'>;
  /** What an earlier story's host has. */
  readonly kernel?: FakeHostParts;
}

const DEFAULTS: Settings = {
  isGuarded: true,
  accelerate: 'off',
  gwbridge: { mtu: 'underlay' },
  consul: { servers: [], bridges: async () => [] },
};

export const EMPTY: Cluster = {
  ...{ nodes: new Map(), networks: new Map(), endpoints: new Map(), unreadable: new Set(), complete: true },
};

export class HostStory {
  readonly kernel: FakeHostParts;
  readonly requested: (Cidr | undefined)[] = [];
  facts = { underlayMtu: 1500, routes: [] as readonly Cidr[] };
  view: { current: Cluster } = { current: EMPTY };
  tenure = { prunes: true };
  probes: ProbePlanner;
  private heard = heardRows();
  private readonly settings: Settings;
  private process: HostPartsPass;
  private accelerator: AcceleratorPlanner | undefined;

  constructor(settings: Partial<Settings> = {}) {
    this.settings = { ...DEFAULTS, ...settings };
    this.kernel = settings.kernel ?? new FakeHostParts();
    this.probes = this.planner();
    this.process = this.start();
  }

  /** The process dies; another one begins, which knows nothing. */
  restart(): void {
    void this.process.stop();
    this.kernel.restart();
    this.process = this.start();
  }

  /** News of a part, and time for a pass. */
  async look(part: Parameters<HostPartsPass['kick']>[0]): Promise<void> {
    this.process.kick(part);
    await this.settle();
  }

  /** Time for what the kernel told, and for what others were asked. */
  settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20);

  /** What was done since it was asked last, in order. */
  done(): readonly string[] {
    return this.kernel.steps.splice(0);
  }

  /** What the log said since it was asked last, but for what is for developers. */
  said(): readonly string[] {
    return this.heard.log.lines.splice(0).map(({ msg }) => msg);
  }

  /** Whether networks have the short way. */
  get acceleration(): AcceleratorPlanner['acceleration'] | undefined {
    return this.accelerator?.acceleration;
  }

  /** What rows of a code say that are not ok. */
  rows(code: string): readonly string[] {
    return this.heard.all().flatMap((row) => (row.code === code && row.state !== 'ok' ? [row.text] : []));
  }

  stop(): void {
    void this.process.stop();
  }

  private planner(): ProbePlanner {
    return new ProbePlanner({ self: HOST1, port: 4789, view: this.view, facts: () => this.facts });
  }

  private start(): HostPartsPass {
    this.heard = heardRows();
    const { heard } = this;
    const { rows, log } = heard;
    const { isGuarded, gwbridge, consul, accelerate } = this.settings;
    const view = this.view;
    const accelerator = new AcceleratorPlanner({
      ...{ mode: accelerate, local: HOST1, port: 4789, isGuarded },
      row: rows.of('host.acceleration').row(),
    });
    this.accelerator = accelerator;
    this.probes = this.planner();
    return new HostPartsPass({
      kernel: this.kernel,
      planners: {
        vxlanGuard: new VxlanGuardPlanner({ view, self: HOST1, isWanted: isGuarded, log }),
        consulGuard: new ConsulGuardPlanner({ ...consul, row: rows.of('guard.consul-names').row() }),
        gwbridge: new GwbridgePlanner({ wish: gwbridge, view, facts: () => this.facts }),
        uplinks: new UplinksPlanner(view),
        sysctls: always<'sysctls'>(SYSCTLS),
        encryptionFence: new EncryptionFencePlanner({ view, tenure: this.tenure }),
        probe: this.probes,
        crypt: this.settings.crypt?.(heard, view) ?? always<'crypt'>(OFF),
        accelerator,
      },
      requestGwbridge: (subnet) => this.requested.push(subnet),
      port: 4789,
      log,
      meter: UNMEASURED,
      rows,
    });
  }
}
