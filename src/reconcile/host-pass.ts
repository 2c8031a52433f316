/** Makes the kernel equal the cluster: observe → plan → diff → apply, one network's namespace at a time. */
import type { Logger } from 'pino';
import { messageOf, StoreError } from '../errors.js';
import { deviceSteps, peerSteps } from '../model/change.js';
import { damage, type Notice } from '../model/damage.js';
import { firstOf } from '../model/differing.js';
import { namespaceName } from '../model/names.js';
import { PeerIndex } from '../model/peer-index.js';
import { networkOfNamespace, plan, type Self } from '../model/plan.js';
import type { HostKernel } from '../model/ports.js';
import type { NamespacePlan, ObservedNamespace, Step } from '../model/steps.js';
import type { Cluster, EndpointId, NamespaceName, NetworkId, NodeAddress } from '../model/types.js';
import type { LocalEndpoints } from '../registry/local-endpoints.js';
import type { Membership } from '../registry/membership.js';
import type { Peers } from '../registry/peers.js';
import type { ClusterView } from '../store/cluster.js';
import { Certainty, type Made } from './certainty.js';
import { compare, pause } from './comparison.js';
import { HostSteps } from './host-steps.js';
import { Loop } from './loop.js';
import { Mending } from './mending.js';

/** Endpoints whose part of a plan is made at once. */
const SLICE = 250;
const RESYNC_MS = 30_000;
/** Long enough for the calls that follow DeleteEndpoint, ms. */
const DEFER_MS = 150;

export class HostPass {
  private readonly loop: Loop<NamespaceName>;
  private readonly mending = new Mending<NamespaceName>((name) => this.loop.kick(name));
  private opened = false;
  /** Until when kicks of a namespace wait, by performance.now(). */
  private readonly deferred = new Map<NamespaceName, number>();
  /** What each namespace was last made into. */
  private readonly plans = new Map<NamespaceName, NamespacePlan>();
  private readonly made = new Certainty();
  private readonly indexes = new Map<NamespaceName, PeerIndex>();
  private readonly steps: HostSteps;

  constructor(
    private readonly kernel: HostKernel,
    private readonly view: ClusterView,
    private readonly local: LocalEndpoints,
    private readonly membership: Membership,
    private readonly peers: Peers,
    private readonly self: { readonly address: NodeAddress; readonly mtu: () => number },
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
  async adopt(): Promise<readonly NamespaceName[]> {
    const names = await this.kernel.namespaces();
    for (const name of names) {
      const found = await this.kernel.observe(name);
      for (const link of found?.links ?? []) if (link.kind === 'veth') this.local.attach(link.alias as EndpointId);
    }
    return names;
  }

  kick(network: NetworkId): void {
    const name = namespaceName(network);
    const wait = (this.deferred.get(name) ?? 0) - performance.now();
    if (wait <= 0) this.loop.kick(name);
    else setTimeout(() => this.kick(network), wait + 1).unref();
  }

  /**
   * An endpoint of ours goes: the engine is about to release its address and waits for the answer. Deleting links
   * holds the kernel (and with it this process) for tens of milliseconds, so that comes a moment later.
   */
  defer(network: NetworkId): void {
    const name = namespaceName(network);
    // Not put off again and again while one endpoint after the other goes.
    if ((this.deferred.get(name) ?? 0) < performance.now()) this.deferred.set(name, performance.now() + DEFER_MS);
  }

  kickNamespace(name: NamespaceName): void {
    this.loop.kick(name);
  }

  /** The cluster is loaded: from now on passes run. */
  open(): void {
    this.opened = true;
  }

  /** Resolves once a pass that began now has made the network's namespace right. Rejects with a DeadlineError. */
  settled(network: NetworkId, deadlineMs: number): Promise<void> {
    return this.loop.settled(namespaceName(network), deadlineMs);
  }

  /** Before a clean stop: what was put off would stay in the kernel. Resolves after `deadlineMs` at the latest. */
  async catchUp(deadlineMs: number): Promise<void> {
    const waiting = [...this.deferred].filter(([, until]) => until > performance.now()).map(([name]) => name);
    await Promise.all(waiting.map((name) => this.loop.settled(name, deadlineMs).catch(() => undefined)));
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
    if (this.plans.has(name)) return;
    const all = this.peers.of(network);
    for (let size = SLICE; size < all.size; size += SLICE) {
      plan({ ...known, endpoints: new Map([[network, firstOf(all, size)]]) }, this.wish(new Map()), name);
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
    const { wanted, sandboxes, changes } = this.wanted(name, cluster, found);
    const { steps, due } = await compare(name, wanted, found, this.plans.get(name) ?? wanted);
    if (wanted === undefined) {
      this.forget(name);
      await this.steps.run(name, this.confirmed(steps), new Set(due));
      return false;
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
    return { address: this.self.address, mtu: this.self.mtu(), joined: this.local.joined, sandboxes };
  }

  /** Makes it so. Only when all of it was done the next pass may build on it. */
  private async make(name: NamespaceName, made: Made, all: readonly Step[], due: readonly Step[]): Promise<void> {
    const steps = this.confirmed(all);
    this.made.delete(name);
    // Before the first step: what the kernel tells of our own steps is then as planned.
    this.plans.set(name, made.plan);
    const isDone = await this.steps.run(name, steps, new Set(due));
    if (isDone && steps.length === all.length) this.made.set(name, made);
  }

  private confirmed(steps: readonly Step[]): readonly Step[] {
    return this.view.confirmed ? steps : steps.filter((step) => !step.prune);
  }

  /** Of the endpoints whose links the engine has fetched. A namespace that is gone needs no card any more. */
  private sandboxes(cluster: Cluster, name: NamespaceName): ReadonlyMap<EndpointId, string> {
    const network = networkOfNamespace(cluster, name);
    const endpoints = network === undefined ? [] : this.membership.own(network.id);
    return new Map(
      endpoints.flatMap((e) => {
        const sandbox = this.local.isAttached(e.id) ? this.local.sandboxOf(e) : undefined;
        return sandbox !== undefined && this.kernel.isNamespace(sandbox) ? [[e.id, sandbox] as const] : [];
      }),
    );
  }

  private onNotices(name: NamespaceName, notices: readonly Notice[]): void {
    const wanted = this.plans.get(name);
    if (wanted === undefined) return;
    const index = this.indexes.get(name) ?? new PeerIndex();
    this.indexes.set(name, index.follow(wanted.peers));
    for (const notice of notices) {
      const found = damage(wanted, notice, index);
      if (found === undefined) continue;
      this.log.debug({ namespace: name, damage: found, notices: notices.length }, 'the kernel tells');
      this.made.doubt(name);
      this.mending.damaged(name);
      return;
    }
  }

  private forget(name: NamespaceName): void {
    this.plans.delete(name);
    this.made.delete(name);
    this.indexes.delete(name);
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
