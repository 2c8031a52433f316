/** Makes the kernel equal the cluster: observe → plan → diff → apply, one network's namespace at a time. */
import type { Logger } from 'pino';
import { messageOf, StoreError } from '../../errors.js';
import { deviceSteps, peerSteps } from '../../model/diff/change.js';
import { firstOf } from '../../model/diff/differing.js';
import type { Notice } from '../../model/diff/drift.js';
import type { ObservedNamespace } from '../../model/plan/observed.js';
import { networkOfNamespace, plan } from '../../model/plan/plan.js';
import type { Self } from '../../model/plan/self.js';
import type { Step } from '../../model/plan/steps.js';
import type { HostKernel } from '../../model/ports/ports.js';
import { namespaceName } from '../../model/values/names.js';
import type { Cluster, EndpointId, NamespaceName, NetworkId } from '../../model/values/types.js';
import type { Peers } from '../../registry/endpoints/peers.js';
import type { LocalEndpoints } from '../../registry/local/local-endpoints.js';
import type { Membership } from '../../registry/local/membership.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { Loop } from '../loop/loop.js';
import { Certainty, type Made } from './certainty.js';
import { compare, pause } from './comparison.js';
import { Deferral } from './deferral.js';
import { HostSteps } from './host-steps.js';
import { Mending } from './mending.js';
import { Plans } from './plans.js';

/** Endpoints whose part of a plan is made at once. */
const SLICE = 250;
const RESYNC_MS = 30_000;
/** Long enough for the calls that follow DeleteEndpoint, ms. */
const DEFER_MS = 150;
/** What of this host's part is the same for each plan. */
interface HostSelf extends Pick<Self, 'id' | 'address' | 'port' | 'meshVteps'> {
  readonly mtu: () => number;
}

export class HostPass {
  private readonly loop: Loop<NamespaceName>;
  private readonly mending = new Mending<NamespaceName>((name) => this.loop.kick(name));
  private opened = false;
  private readonly deferred = new Deferral<NamespaceName>(DEFER_MS);
  private readonly known = new Set<NamespaceName>();
  private readonly plans = new Plans();
  private readonly made = new Certainty();
  private readonly steps: HostSteps;

  constructor(
    private readonly kernel: HostKernel,
    private readonly view: ClusterView,
    private readonly local: LocalEndpoints,
    private readonly membership: Membership,
    private readonly peers: Peers,
    private readonly self: HostSelf,
    private readonly tenure: Pick<Tenure, 'prunes' | 'refusal'>,
    private readonly log: Logger,
  ) {
    this.steps = new HostSteps(kernel, this.mending, log);
    this.loop = new Loop((name) => this.pass(name), {
      resyncMs: RESYNC_MS,
      onError: (name, e) => log.error({ namespace: name, err: messageOf(e) }, 'the namespace could not be made right'),
      describe: (name) => `the network's namespace ${name}`,
    });
  }

  /** Endpoints that are attached already, whatever made them so: they are live (see LocalEndpoints). */
  async adopt(): Promise<void> {
    for (const name of await this.kernel.namespaces()) {
      this.known.add(name);
      const found = await this.kernel.observe(name);
      for (const link of found?.links ?? []) if (link.kind === 'veth') this.local.attach(link.alias as EndpointId);
    }
  }

  /** Before the cluster is loaded nothing: {@link open} kicks all. */
  kick(network: NetworkId): void {
    if (!this.opened) return;
    const name = namespaceName(network);
    const wait = this.deferred.left(name);
    if (wait <= 0) this.loop.kick(name);
    else setTimeout(() => this.kick(network), wait + 1).unref();
  }

  /**
   * An endpoint of ours goes: the engine is about to release its address and waits for the answer. Deleting links
   * holds the kernel (and with it this process) for tens of milliseconds, so that comes a moment later.
   */
  defer(network: NetworkId): void {
    this.deferred.put(namespaceName(network));
  }

  /** All that it has ever seen to, and what it found at the start. */
  kickAll(): void {
    for (const name of this.known) this.loop.kick(name);
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
    await Promise.all(this.deferred.waiting.map((name) => this.loop.settled(name, deadlineMs).catch(() => undefined)));
  }

  /** A container has its cards: see {@link HostKernel.calm}. One that is just going need not be calm. */
  calm(sandbox: string): void {
    try {
      this.kernel.calm(sandbox);
    } catch (e) {
      this.log.debug({ sandbox, err: messageOf(e) }, 'a container asks for neighbours as often as it likes');
    }
  }

  stop(): void {
    this.mending.stop();
    this.loop.stop();
  }

  private async pass(name: NamespaceName): Promise<boolean> {
    this.known.add(name);
    // Its devices would send from an address that is another host's.
    if (this.tenure.refusal !== undefined) return true;
    const known = this.view.current;
    this.assertLoaded(known, name);
    const network = networkOfNamespace(known, name);
    // What is running stays as it is until the record can be read.
    if (network === undefined && [...known.unreadable].some((id) => namespaceName(id) === name)) return true;
    const made = this.made.get(name);
    if (made === undefined && network !== undefined) await this.prepare(name, known, network.id);
    const cluster = network === undefined ? known : this.peers.within(known, network.id);
    if (made === undefined) return this.passAll(name, cluster);
    if (made.changes !== this.local.changes || made.plan.ports.some((port) => port.end === 'engine'))
      return this.passDevices(name, cluster, made);
    const wanted = plan(cluster, this.wish(made.sandboxes), name);
    const steps = wanted && peerSteps(made.plan, wanted);
    if (wanted === undefined || steps === undefined) return this.passDevices(name, cluster, made);
    await this.make(name, { ...made, plan: wanted }, steps, []);
    return true;
  }

  /** What is made of each record is kept with it: of thousands that are new it is made in slices. */
  private async prepare(name: NamespaceName, known: Cluster, network: NetworkId): Promise<void> {
    await this.peers.prepare(network);
    if (this.plans.get(name) !== undefined) return;
    const { nodes } = this.peers.within(known, network);
    const all = this.peers.of(network);
    for (let size = SLICE; size < all.size; size += SLICE) {
      plan({ ...known, nodes, endpoints: new Map([[network, firstOf(all, size)]]) }, this.wish(new Map()), name);
      await pause(size);
    }
  }

  /** Looks at all there is: nothing is taken for granted. */
  private async passAll(name: NamespaceName, cluster: Cluster): Promise<boolean> {
    this.made.trust(name);
    const began = performance.now();
    const found = await this.kernel.observe(name);
    const took = performance.now() - began;
    await pause(found?.neighbours.length ?? 0);
    this.steps.takeovers.remember(name, found);
    const { wanted, sandboxes, changes } = this.wanted(name, cluster, found);
    const { steps, due } = await compare(name, wanted, found, this.plans.get(name) ?? wanted);
    if (wanted === undefined) {
      this.forget(name);
      const allowed = this.allowed(steps);
      await this.steps.run(name, allowed, new Set(due));
      // What was left for now is looked at again.
      if (allowed.length === steps.length) this.known.delete(name);
      return allowed.length < steps.length;
    }
    await this.make(name, { plan: wanted, sandboxes, changes, began, took }, steps, due);
    // Only now can all of it be read.
    if (found?.learning) {
      this.made.doubt(name);
      return this.passAll(name, cluster);
    }
    await this.kernel.watch(name, (notices) => this.onNotices(name, notices));
    return true;
  }

  /** Looks at devices, of which a host has few, and takes the tables of their links to be as they were made. */
  private async passDevices(name: NamespaceName, cluster: Cluster, made: Made): Promise<boolean> {
    const found = await this.kernel.observe(name, 'devices');
    const { wanted, sandboxes, changes } = this.wanted(name, cluster, found);
    const change = wanted && found && deviceSteps(made.plan, wanted, found);
    if (wanted === undefined || change === undefined) return this.passAll(name, cluster);
    await this.make(name, { ...made, plan: wanted, sandboxes, changes }, change.steps, change.due);
    return true;
  }

  private wanted(name: NamespaceName, cluster: Cluster, found: ObservedNamespace | undefined) {
    for (const { alias } of found?.links ?? []) this.local.fetched(alias as EndpointId);
    const { changes } = this.local;
    const sandboxes = this.sandboxes(cluster, name);
    return { wanted: plan(cluster, this.wish(sandboxes), name), sandboxes, changes };
  }

  private wish(sandboxes: ReadonlyMap<EndpointId, string>): Self {
    return { ...this.self, mtu: this.self.mtu(), joined: this.local.joined, sandboxes };
  }

  /** Makes it so. Only when all of it was done the next pass may build on it. */
  private async make(name: NamespaceName, made: Made, all: readonly Step[], due: readonly Step[]): Promise<void> {
    const steps = this.allowed(all);
    this.made.delete(name);
    // Before the first step: what the kernel tells of our own steps is then as planned.
    this.plans.set(name, made.plan);
    const isDone = await this.steps.run(name, steps, new Set(due));
    await this.steps.takeovers.follow(name, made.plan);
    if (isDone && steps.length === all.length) this.made.set(name, made);
  }

  /** Without those that wait until this host may say what is not in the cluster. */
  private allowed(steps: readonly Step[]): readonly Step[] {
    return this.tenure.prunes ? steps : steps.filter((step) => !step.prune);
  }

  /** Of the endpoints whose links the engine has fetched. A namespace that is gone needs no card any more. */
  private sandboxes(cluster: Cluster, name: NamespaceName): ReadonlyMap<EndpointId, string> {
    const id = networkOfNamespace(cluster, name)?.id;
    const found = id === undefined ? [] : this.local.attachedAmong(this.membership.own(id));
    return new Map(found.filter(([, sandbox]) => this.kernel.isNamespace(sandbox)));
  }

  private onNotices(name: NamespaceName, notices: readonly Notice[]): void {
    const damage = this.plans.damaged(name, notices);
    if (damage === undefined) return;
    this.log.debug({ namespace: name, damage, notices: notices.length }, 'the kernel tells');
    this.made.doubt(name);
    this.mending.damaged(name);
  }

  private forget(name: NamespaceName): void {
    this.plans.delete(name);
    this.made.delete(name);
    this.steps.takeovers.forget(name);
    this.mending.forget(name);
  }

  /** Half a cluster would empty the kernel: nothing is compared before the wish is loaded. */
  private assertLoaded(cluster: Cluster, name: NamespaceName): void {
    const network = networkOfNamespace(cluster, name);
    const waiting =
      network !== undefined && this.membership.networks.has(network.id) && !cluster.endpoints.has(network.id);
    if (!this.opened || waiting) throw new StoreError('the cluster is not loaded yet', true);
  }
}
