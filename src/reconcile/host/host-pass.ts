/** Makes the kernel equal the cluster: observe → plan → diff → apply, one network's namespace at a time. */
import type { Log } from '../../health/events.js';
import type { Meter } from '../../health/measures.js';
import type { RowPorts } from '../../health/row.js';
import { deviceSteps, peerSteps } from '../../model/diff/change.js';
import type { Notice } from '../../model/diff/drift.js';
import type { Step } from '../../model/plan/steps.js';
import type { NetworksKernel } from '../../model/ports/kernel-port.js';
import { namespaceName } from '../../model/values/names.js';
import type { NamespaceName, NetworkId } from '../../model/values/types.js';
import type { LocalEndpoints } from '../../registry/local/local-endpoints.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import { Loop } from '../loop/loop.js';
import { adopt } from './adoption.js';
import { Certainty, type Made } from './certainty.js';
import { compare, pause } from './comparison.js';
import { HostSteps } from './host-steps.js';
import { Mending } from './mending.js';
import { Plans } from './plans.js';
import { Postponing } from './postponing.js';
import { notLoaded, type Sight, Wishes, type WishesParts } from './wishes.js';

const RESYNC_MS = 30_000;
/** No count of changes: devices are looked at again. */
const UNKNOWN = -1;

export interface HostPassParts extends WishesParts {
  readonly kernel: NetworksKernel;
  readonly local: WishesParts['local'] & Pick<LocalEndpoints, 'attach'>;
  readonly tenure: Pick<Tenure, 'prunes' | 'refusal'>;
  readonly log: Log;
  readonly meter: Meter;
  readonly rows: RowPorts<'host.network' | 'host.takeover'>;
}

export class HostPass {
  private readonly loop: Loop<NamespaceName>;
  private readonly mending = new Mending<NamespaceName>((name) => this.loop.kick(name));
  private opened = false;
  private readonly postponing = new Postponing((name) => this.loop.kick(name));
  private readonly known = new Set<NamespaceName>();
  private readonly plans = new Plans();
  private readonly made = new Certainty();
  private readonly steps: HostSteps;
  private readonly wishes: Wishes;

  constructor(private readonly parts: HostPassParts) {
    const { kernel, log, meter, rows } = parts;
    this.wishes = new Wishes(parts);
    this.steps = new HostSteps(kernel, this.mending, log, meter, rows.of('host.takeover'));
    this.loop = new Loop((name) => this.pass(name), {
      resyncMs: () => RESYNC_MS,
      row: (name) => rows.of('host.network').row(name),
      describe: (name) => `the network's namespace ${name}`,
    });
  }

  /** Endpoints that are attached already, whatever made them so: they are live (see LocalEndpoints). */
  async adopt(): Promise<void> {
    for (const name of await adopt(this.parts.kernel, this.parts.local)) this.known.add(name);
  }

  /** Before the cluster is loaded nothing: {@link open} kicks all. */
  kick(network: NetworkId): void {
    if (this.opened) this.loop.kick(namespaceName(network));
  }

  /** A container comes or goes: the engine is about to ask for more, and waits for the answers (see `rest.ts`). */
  disturb(network: NetworkId): void {
    this.postponing.disturb(namespaceName(network));
  }

  /** All that it has ever seen to, and what it found at the start. */
  kickAll(): void {
    for (const name of this.opened ? this.known : []) this.loop.kick(name);
  }

  /** The cluster is loaded: from now on passes run. */
  open(): void {
    this.opened = true;
    this.kickAll();
  }

  /** Resolves once a pass that began now has made the network's namespace right. Rejects with a DeadlineError. */
  settled(network: NetworkId, deadlineMs: number): Promise<void> {
    return this.loop.settled(namespaceName(network), deadlineMs);
  }

  /** Before a clean stop: what was put off would stay in the kernel. Resolves after `deadlineMs` at the latest. */
  async catchUp(deadlineMs: number): Promise<void> {
    const waiting = this.postponing.end();
    await Promise.all(waiting.map((name) => this.loop.settled(name, deadlineMs).catch(() => undefined)));
  }

  /** See {@link Loop.stop}. */
  stop(): Promise<void> {
    for (const each of [this.mending, this.postponing]) each.stop();
    return this.loop.stop();
  }

  private async pass(name: NamespaceName): Promise<boolean> {
    this.known.add(name);
    // Its devices would send from an address that is another host's.
    if (this.parts.tenure.refusal !== undefined) return true;
    if (!this.opened) throw notLoaded();
    const { prunes } = this.parts.tenure;
    const look = this.wishes.look(name);
    if (look === undefined) return true;
    const made = this.made.get(name);
    if (made === undefined) await this.wishes.prepare(name, look, this.plans.get(name) !== undefined);
    const sight = { cluster: this.wishes.cluster(look), prunes };
    if (made === undefined) return this.passAll(name, sight);
    if (made.changes !== this.parts.local.changes || made.plan.ports.some((port) => port.end === 'engine'))
      return this.passDevices(name, sight, made);
    const wanted = this.wishes.planned(name, sight.cluster, made.sandboxes);
    const steps = wanted && peerSteps(made.plan, wanted);
    if (wanted === undefined || steps === undefined) return this.passDevices(name, sight, made);
    await this.make(name, sight, { ...made, plan: wanted }, steps, []);
    return true;
  }

  /** Looks at all there is: nothing is taken for granted. */
  private async passAll(name: NamespaceName, sight: Sight): Promise<boolean> {
    const { cluster } = sight;
    this.made.trust(name);
    const began = performance.now();
    const found = await this.parts.kernel.observe(name);
    const took = performance.now() - began;
    await pause(found?.neighbours.length ?? 0);
    this.steps.takeovers.remember(name, found);
    const { wanted, sandboxes, changes } = this.wishes.wanted(name, cluster, found);
    const { steps, due } = await compare(name, wanted, found, this.plans.get(name) ?? wanted);
    if (wanted === undefined) {
      if (steps.length > 0 && this.postponing.keepsEmpty(name, cluster)) return true;
      this.forget(name);
      const allowed = this.allowed(steps, sight);
      await this.steps.run(name, allowed, new Set(due));
      // What was left for now is looked at again.
      if (allowed.length === steps.length) this.known.delete(name);
      return allowed.length < steps.length;
    }
    await this.make(name, sight, { plan: wanted, sandboxes, changes, began, took }, steps, due);
    // Only now can all of it be read.
    if (found?.learning) {
      this.made.doubt(name);
      return this.passAll(name, sight);
    }
    await this.parts.kernel.watch(name, (notices) => this.onNotices(name, notices));
    return true;
  }

  /** Looks at devices, of which a host has few, and takes the tables of their links to be as they were made. */
  private async passDevices(name: NamespaceName, sight: Sight, made: Made): Promise<boolean> {
    const found = await this.parts.kernel.observe(name, 'devices');
    const { wanted, sandboxes, changes } = this.wishes.wanted(name, sight.cluster, found);
    // As it was made: the next container finds it known.
    if (wanted === undefined && found && this.postponing.keepsEmpty(name, sight.cluster)) return true;
    const change = wanted && found && deviceSteps(made.plan, wanted, found);
    if (wanted === undefined || change === undefined) return this.passAll(name, sight);
    await this.make(name, sight, { ...made, plan: wanted, sandboxes, changes }, change.steps, change.due);
    return true;
  }

  /** Makes it so. Only when all of it was done the next pass may build on it. */
  private async make(
    name: NamespaceName,
    sight: Sight,
    made: Made,
    all: readonly Step[],
    repairing: readonly Step[],
  ): Promise<void> {
    const allowed = this.allowed(all, sight);
    const { steps, due, isPutOff } = this.postponing.split(name, allowed, repairing);
    this.made.delete(name);
    // Before the first step: what the kernel tells of our own steps is then as planned.
    this.plans.set(name, made.plan);
    const isDone = await this.steps.run(name, steps, new Set(due));
    await this.steps.takeovers.follow(name, made.plan);
    if (!isDone || allowed.length < all.length) return;
    this.made.set(name, isPutOff ? { ...made, changes: UNKNOWN } : made);
  }

  /** Without those that wait until this host may say what is not in the cluster: by then it may look other than now. */
  private readonly allowed = (steps: readonly Step[], { prunes }: Sight): readonly Step[] =>
    prunes && this.parts.tenure.prunes ? steps : steps.filter((step) => !step.prune);

  private onNotices(name: NamespaceName, notices: readonly Notice[]): void {
    const damage = this.plans.damaged(name, notices);
    if (damage === undefined) return;
    this.parts.log.debug({ event: 'notice', namespace: name, damage, notices: notices.length }, 'the kernel tells');
    this.made.doubt(name);
    this.mending.damaged(name);
  }

  private forget(name: NamespaceName): void {
    for (const memory of [this.plans, this.made]) memory.delete(name);
    for (const memory of [this.steps.takeovers, this.mending, this.postponing]) memory.forget(name);
  }
}
