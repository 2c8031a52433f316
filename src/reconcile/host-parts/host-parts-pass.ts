/** Makes what is the host's own equal the plan: observe → plan → diff → apply, one part at a time. */
import type { Log } from '../../health/events.js';
import type { Meter } from '../../health/measures.js';
import type { RowPorts } from '../../health/row.js';
import type { Notice } from '../../model/diff/drift.js';
import { isGwbridgeDamage } from '../../model/host/gwbridge.js';
import { diffHost, hostRepairs } from '../../model/host/host-diff.js';
import { HOST_PARTS, type HostPart, type HostPlan } from '../../model/host/host-plan.js';
import type { HostStep } from '../../model/host/host-steps.js';
import { OFF } from '../../model/host/standing.js';
import type { GuardDrops } from '../../model/host/vxlan-guard.js';
import type { HostPartsKernel } from '../../model/ports/host-port.js';
import type { Cidr } from '../../model/values/types.js';
import { Mending } from '../host/mending.js';
import { Loop } from '../loop/loop.js';
import type { Planners } from './planner.js';
import { CODES, type HostPartCode, tellDone } from './words.js';

/**
 * How often a part is looked at, ms. Somebody may flush the ruleset, as a reload of nftables.service does, and the kernel
 * tells nobody of us: looking costs a question or two.
 */
const LOOK_MS: Readonly<Record<HostPart, number>> = {
  vxlanGuard: 2_000,
  consulGuard: 2_000,
  gwbridge: 30_000,
  uplinks: 2_000,
  sysctls: 30_000,
  encryptionFence: 2_000,
  probe: 30_000,
  crypt: 2_000,
  accelerator: 1_500,
};

/** Whose planners go a step on with each plan, or take it for what is about to be made: compared with what was made last. */
const PLANNED_ONCE: ReadonlySet<HostPart> = new Set<HostPart>(['crypt', 'probe', 'accelerator']);

export interface HostPartsPassParts {
  readonly kernel: HostPartsKernel;
  readonly planners: Planners;
  /** The engine makes docker_gwbridge, in its own time. */
  readonly requestGwbridge: (subnet: Cidr | undefined) => void;
  /** UDP, of VXLAN. */
  readonly port: number;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn'>;
  readonly meter: Meter;
  readonly rows: RowPorts<HostPartCode>;
}

export class HostPartsPass {
  private readonly loop: Loop<HostPart>;
  private readonly mending = new Mending<HostPart>((part) => this.loop.kick(part));
  /** What each part was last made into. */
  private readonly made: { [P in HostPart]?: HostPlan[P] | undefined } = {};

  private readonly listeners = new Map<HostPart, (() => void)[]>();

  constructor(private readonly parts: HostPartsPassParts) {
    this.loop = new Loop((part) => this.pass(part), {
      resyncMs: (part) => LOOK_MS[part],
      row: (part) => parts.rows.of(CODES[part]).row(),
      describe: (part) => `the host's ${part}`,
    });
    for (const part of HOST_PARTS) parts.planners[part].onNews(() => this.loop.kick(part));
    parts.kernel.watchGwbridge((notices) => this.onNotices(notices));
  }

  /** Something of it may be another than before. */
  kick(part: HostPart): void {
    this.parts.planners[part].refresh();
    this.loop.kick(part);
  }

  /** Calls `listener` at the end of each pass of the part, which fails if that throws. */
  onMade(part: HostPart, listener: () => void): void {
    this.listeners.set(part, [...(this.listeners.get(part) ?? []), listener]);
  }

  /** Kicks, and resolves once a pass that began after this call has succeeded; rejects as {@link Loop.settled} does. */
  settled(part: HostPart, deadlineMs: number): Promise<void> {
    return this.loop.settled(part, deadlineMs);
  }

  /** For each part the steps that are due now: none while all is as planned. Those that cannot be looked at are left out. */
  async differences(): Promise<ReadonlyMap<HostPart, readonly HostStep[]>> {
    const all = new Map<HostPart, readonly HostStep[]>();
    for (const part of HOST_PARTS) {
      const steps = await this.difference(part).catch(() => []);
      if (steps.length > 0) all.set(part, steps);
    }
    return all;
  }

  private async difference<P extends HostPart>(part: P): Promise<readonly HostStep[]> {
    const found = await this.parts.kernel.observe(part);
    const wanted = PLANNED_ONCE.has(part) ? this.made[part] : this.parts.planners[part].plan(found);
    return wanted === undefined ? [] : diffHost(part, wanted, found);
  }

  /** See {@link HostPartsKernel.guardDrops}. */
  drops(): GuardDrops | undefined {
    return this.parts.kernel.guardDrops();
  }

  /** See {@link Loop.stop}; the kernel is let go after that. */
  async stop(): Promise<void> {
    this.mending.stop();
    for (const part of HOST_PARTS) this.parts.planners[part].stop();
    await this.loop.stop();
    this.parts.kernel.close();
  }

  private async pass<P extends HostPart>(part: P): Promise<boolean> {
    const { kernel, planners } = this.parts;
    const found = await kernel.observe(part);
    const wanted = planners[part].plan(found);
    if (wanted === undefined) return true;
    const steps = diffHost(part, wanted, found);
    const repairing = new Set(hostRepairs(part, steps, this.made[part], found));
    const { undone, failure } = await this.doAll(part, steps, repairing);
    planners[part].tried?.(wanted, undone);
    if (failure !== undefined) throw failure.error;
    this.made[part] = wanted;
    for (const listener of this.listeners.get(part) ?? []) listener();
    return wanted !== OFF;
  }

  /** Gives those that failed or were not tried, and why. */
  private async doAll(
    part: HostPart,
    steps: readonly HostStep[],
    repairing: ReadonlySet<HostStep>,
  ): Promise<{ readonly undone: readonly HostStep[]; readonly failure: { readonly error: unknown } | undefined }> {
    const { log, meter, port } = this.parts;
    const undone = new Set(steps);
    let failure: { readonly error: unknown } | undefined;
    for (const step of steps) {
      if (failure !== undefined && step.apart !== true) break;
      log.debug({ event: 'step', part, step: step.kind, reason: step.reason }, 'host step');
      try {
        await this.do(step);
      } catch (error) {
        failure ??= { error };
        if (step.apart === true) continue;
        break;
      }
      undone.delete(step);
      tellDone(log, step, repairing.has(step), port);
      if (repairing.has(step)) meter.tell('repair', { step: step.kind });
    }
    return { undone: [...undone], failure };
  }

  private async do(step: HostStep): Promise<void> {
    // Not waited for: an engine that boots takes the request and answers much later.
    if (step.kind === 'requestGwbridge') this.parts.requestGwbridge(step.subnet);
    else await this.parts.kernel.apply(step);
  }

  private onNotices(notices: readonly Notice[]): void {
    const made = this.made.gwbridge;
    if (made === undefined || isGwbridgeDamage(made, notices)) this.mending.damaged('gwbridge');
    // They hang on it.
    if (typeof this.made.uplinks === 'object') this.mending.damaged('uplinks');
  }
}
