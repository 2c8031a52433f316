/** Makes the kernel equal the cluster: observe → plan → diff → apply, one network's namespace at a time. */
import type { Logger } from 'pino';
import { isKernelError, messageOf, StoreError } from '../errors.js';
import { damage, type Notice } from '../model/damage.js';
import { diff } from '../model/diff.js';
import { isPortName, namespaceName } from '../model/names.js';
import { networkOfNamespace, plan } from '../model/plan.js';
import type { HostKernel } from '../model/ports.js';
import { repairs } from '../model/repairs.js';
import type { NamespacePlan, Step } from '../model/steps.js';
import type { Cluster, EndpointId, NamespaceName, NetworkId, NodeAddress, NodeId } from '../model/types.js';
import type { LocalEndpoints } from '../registry/local-endpoints.js';
import type { Membership } from '../registry/membership.js';
import type { Peers } from '../registry/peers.js';
import type { Tenure } from '../registry/tenure.js';
import type { ClusterView } from '../store/cluster.js';
import { Loop } from './loop.js';
import { Mending } from './mending.js';

const RESYNC_MS = 30_000;
/** Long enough for the calls that follow DeleteEndpoint, ms. */
const DEFER_MS = 150;
const REPAIRED = "repaired a network's namespace: ";

/** This host's part of each plan. */
interface HostSelf {
  readonly id: NodeId;
  readonly address: NodeAddress;
  /** UDP port of VXLAN. */
  readonly port: number;
  readonly mtu: () => number;
}

export class HostPass {
  private readonly loop: Loop<NamespaceName>;
  private readonly mending = new Mending<NamespaceName>((name) => this.loop.kick(name));
  private opened = false;
  /** Until when kicks of a namespace wait, by performance.now(). */
  private readonly deferred = new Map<NamespaceName, number>();
  private readonly known = new Set<NamespaceName>();
  /** What each namespace was last made into. */
  private readonly plans = new Map<NamespaceName, NamespacePlan>();

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
      this.known.add(name);
      const found = await this.kernel.observe(name);
      for (const link of found?.links ?? []) if (link.kind === 'veth') this.local.attach(link.alias as EndpointId);
    }
    return names;
  }

  /** Before the cluster is loaded nothing: whoever opens the pass kicks all. */
  kick(network: NetworkId): void {
    if (!this.opened) return;
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

  /** All that it has ever seen to, and what it found at the start. */
  kickAll(): void {
    for (const name of this.known) this.loop.kick(name);
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
    const found = await this.kernel.observe(name);
    for (const { alias } of found?.links ?? []) this.local.fetched(alias as EndpointId);
    const cluster = network === undefined ? known : this.peers.within(known, network.id);
    const { joined } = this.local;
    const self = { ...this.self, mtu: this.self.mtu(), joined, sandboxes: this.sandboxes(cluster, name) };
    const wanted = plan(cluster, self, name);
    const drafted = diff(name, wanted, found);
    const steps = this.tenure.prunes ? drafted : drafted.filter((step) => !step.prune);
    const repairing = new Set(repairs(steps, found, this.plans.get(name) ?? wanted));
    // Before the first step: what the kernel tells of our own steps is then as planned.
    if (wanted === undefined) this.forget(name);
    else this.plans.set(name, wanted);
    for (const step of steps) {
      this.log.debug({ step }, 'kernel step');
      if ((await this.done(name, step)) && repairing.has(step)) this.tell(name, step);
    }
    // Only now can all of it be read.
    if (wanted !== undefined && found?.learning) return this.pass(name);
    if (wanted !== undefined) await this.kernel.watch(name, (notices) => this.onNotices(name, notices));
    // What was left for now is looked at again.
    const isOver = wanted === undefined && steps.length === drafted.length;
    if (isOver) this.known.delete(name);
    return !isOver;
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
    // The first will do: each is looked for among all peers.
    for (const notice of notices) {
      const found = damage(wanted, notice);
      if (found === undefined) continue;
      this.log.debug({ namespace: name, damage: found, notices: notices.length }, 'the kernel tells');
      this.mending.damaged(name);
      return;
    }
  }

  /**
   * False for a card that could not be put back, or a port that went meanwhile, for who deletes the one takes the other
   * along. What is inside a container is the container's to spoil: the others of its network do not wait for it.
   */
  private async done(name: NamespaceName, step: Step): Promise<boolean> {
    try {
      await this.kernel.apply(step);
      return true;
    } catch (e) {
      if (!isSpoiled(step, e)) throw e;
      this.mending.later(name);
      this.tell(name, { ...step, err: messageOf(e) }, "a container's card could not be put back yet");
      return false;
    }
  }

  private tell(name: NamespaceName, step: Step & { readonly err?: string }, message = REPAIRED + step.kind): void {
    this.mending.tell(name, (unlogged) => {
      this.log.warn({ ...step, ...(unlogged === 0 ? {} : { unlogged }) }, message);
    });
  }

  private forget(name: NamespaceName): void {
    this.plans.delete(name);
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

const isSpoiled = (step: Step, e: unknown): boolean =>
  step.kind === 'createPort'
    ? step.card !== undefined
    : 'link' in step && isPortName(step.link) && isKernelError(e, 'ENODEV');
