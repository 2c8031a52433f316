/** Makes the local engine's networks equal the cluster's: announces its own, mirrors the others', removes the gone. */
import type { Logger } from 'pino';
import { isUserError, messageOf, UserError } from '../../errors.js';
import type { Engine, EngineNetwork } from '../../model/ports/engine-port.js';
import { clipped } from '../../model/values/printable.js';
import type { EngineNetworkId, NetworkId, NodeId } from '../../model/values/types.js';
import type { Underway } from '../../registry/changes/underway.js';
import type { Networks } from '../../registry/networks/networks.js';
import type { Identity } from '../../registry/nodes/identity.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import type { HostMemory } from '../../store/data-dir/host-memory.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { Loop } from '../loop/loop.js';
import { EngineNetworks } from './engine-networks.js';
import { clusterIdOf, type EngineStep, engineSteps } from './engine-steps.js';
import { Leaving } from './leaving.js';

const RESYNC_MS = 30_000;
/** What was half done this long ago is nobody's work in progress any more, ms. */
const REMOVAL_GRACE_MS = 30_000;

/** An engine hides a network while it removes it, and tells us last: how long one that it had is not put back, ms. */
const LEAVING_MS = 500;

/** Whoever writes networks into the store by the thousand fills no log. */
const MOST_TOLD = 100;

export interface EnginePassParts {
  readonly engine: Pick<Engine, 'createMirror' | 'networks' | 'removeNetwork' | 'users'>;
  readonly view: Pick<ClusterView, 'confirmed' | 'current'>;
  readonly self: NodeId;
  readonly networks: Pick<Networks, 'announce' | 'check' | 'outdo' | 'remove'>;
  readonly memory: Pick<HostMemory, 'rememberMirror'>;
  readonly identity: Pick<Identity, 'confirm'>;
  readonly tenure: Pick<Tenure, 'prunes'>;
  readonly underway: Pick<Underway, 'mirroring' | 'replacing'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export class EnginePass {
  private readonly seen: EngineNetworks;
  private readonly loop: Loop<'engine'>;
  private readonly leaving = new Leaving(LEAVING_MS, () => this.kick());
  /** When this host first saw a network half made or half removed. */
  private readonly halfGoneSince = new Map<NetworkId, number>();
  /** Networks of this host that another one's of the same name will replace. */
  private readonly outdone = new Set<NetworkId>();
  /** What each failing step last said. */
  private readonly told = new Map<string, string>();

  constructor(private readonly parts: EnginePassParts) {
    this.seen = new EngineNetworks(parts.engine, (id, of) => parts.memory.rememberMirror(id, of));
    this.loop = new Loop(() => this.pass(), {
      resyncMs: RESYNC_MS,
      onError: (_, e) =>
        parts.log.warn({ err: messageOf(e) }, "the engine's networks could not be compared with the cluster's"),
      describe: () => 'the comparison with the engine',
    });
  }

  /** Compares all that the engine has. */
  kick(): void {
    this.seen.doubt();
    this.loop.kick('engine');
  }

  /** The engine has made or removed this network. */
  look(network: EngineNetworkId): void {
    this.seen.doubt(network);
    this.loop.kick('engine');
  }

  /** The cluster's networks have changed. */
  compare(): void {
    this.loop.kick('engine');
  }

  /** A container has left a network or is gone: one that was kept for it may go now. */
  vacated(): void {
    if (this.outdone.size > 0) this.loop.kick('engine');
  }

  stop(): void {
    this.loop.stop();
    this.leaving.stop();
  }

  private async pass(): Promise<boolean> {
    const networks = await this.seen.all();
    // Read after the engine's answer: a network of the engine is in the cluster before the engine lists it.
    const cluster = this.parts.view.current;
    // From a copy it would remove what came later.
    if (!cluster.complete || !this.parts.view.confirmed || !this.parts.tenure.prunes) return true;
    const leaving = this.leaving.look(networks.map(clusterIdOf));
    const steps = engineSteps(cluster, this.parts.self, networks).filter(
      (step) => step.kind !== 'createMirror' || !leaving.has(step.network.id),
    );
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        await this.run(step);
        this.told.delete(subjectOf(step));
      } catch (e) {
        // What can never be is looked at again with the next pass, not at once.
        if (!isUserError(e)) failures.push(e);
        this.tell(step, messageOf(e));
      }
    }
    const subjects = new Set(steps.map(subjectOf));
    for (const subject of this.told.keys()) if (!subjects.has(subject)) this.told.delete(subject);
    const halfGone = new Set(steps.flatMap((step) => (step.kind === 'finishRemoval' ? [step.id] : [])));
    for (const id of this.halfGoneSince.keys()) if (!halfGone.has(id)) this.halfGoneSince.delete(id);
    if (failures.length === 0) return true;
    this.seen.doubt();
    throw failures[0];
  }

  /** Once for each step until it says something else; of many steps the first ones. */
  private tell(step: EngineStep, reason: string): void {
    const subject = subjectOf(step);
    if (this.told.get(subject) === reason || (this.told.size >= MOST_TOLD && !this.told.has(subject))) return;
    this.told.set(subject, reason);
    this.parts.log.warn({ step: step.kind, err: reason }, 'a step of the engine pass failed');
  }

  private run(step: EngineStep): Promise<void> {
    switch (step.kind) {
      case 'announce':
        return this.announce(step);
      case 'createMirror':
        return this.createMirror(step);
      case 'removeNetwork':
        return this.removeNetwork(step);
      case 'finishRemoval':
        return this.finishRemoval(step);
    }
  }

  private async announce({ id, announcement, ranges }: EngineStep & { kind: 'announce' }): Promise<void> {
    const { name } = announcement;
    const holder = await this.parts.networks.announce(id, announcement, ranges);
    this.outdone.delete(id);
    if (holder === id) this.parts.log.info({ network: name, id }, 'network announced to the cluster');
    else await this.giveWay(id, name, holder);
  }

  /** Another host's network was first to have the name. */
  private async giveWay(id: NetworkId, name: string, holder: NetworkId): Promise<void> {
    // On the host that created it the engine's id is the cluster's.
    const own = id as string as EngineNetworkId;
    const isGone = await this.parts.underway.replacing(id, async () => {
      if ((await this.parts.engine.users(own)) > 0 || !(await this.parts.engine.removeNetwork(own))) return false;
      this.seen.forget(own);
      const network = this.parts.view.current.networks.get(holder);
      if (network?.announced !== undefined && !network.deleting)
        await this.createMirror({ kind: 'createMirror', network }).catch((e: unknown) =>
          this.parts.log.warn({ network: name, err: messageOf(e) }, 'the network that has the name comes later'),
        );
      return true;
    });
    if (!isGone) {
      this.outdone.add(id);
      await this.parts.networks.outdo(id, name);
      throw new UserError(
        `another host was first to create a network ${clipped(name, 64)}; containers of this host keep the one made here (${id.slice(0, 12)}), and the other takes its place once they are removed`,
      );
    }
    await this.parts.networks.remove(id);
    this.parts.log.warn(
      { network: name, id, holder: clipped(holder, 64) },
      'another host was first to create a network of this name; it has taken the place of the one made here',
    );
  }

  private async createMirror({ network }: EngineStep & { kind: 'createMirror' }): Promise<void> {
    await this.parts.networks.check(network);
    const isIt = (n: EngineNetwork): boolean => clusterIdOf(n) === network.id;
    const name = network.announced?.name ?? '';
    if (await this.seen.find({ name }, isIt)) return;
    await this.parts.underway.mirroring(network, () => this.parts.engine.createMirror(network));
    await this.seen.find({ name }, isIt);
    this.parts.log.info({ network: network.announced?.name, id: network.id }, 'network of another host appeared here');
  }

  private async removeNetwork({ id, name }: EngineStep & { kind: 'removeNetwork' }): Promise<void> {
    // An engine hides what it is removing itself.
    if (!(await this.seen.find({ id }, (n) => n.id === id))) {
      this.seen.forget(id);
      return;
    }
    await this.parts.identity.confirm();
    if (await this.parts.engine.removeNetwork(id)) {
      this.seen.forget(id);
      this.parts.log.info({ network: name }, 'network removed in the cluster, removed here');
    } else throw new Error(`network ${name} was removed in the cluster, but containers of this host still use it`);
  }

  private async finishRemoval({ id }: EngineStep & { kind: 'finishRemoval' }): Promise<void> {
    const since = this.halfGoneSince.get(id) ?? performance.now();
    this.halfGoneSince.set(id, since);
    if (performance.now() - since < REMOVAL_GRACE_MS) return;
    this.halfGoneSince.delete(id);
    await this.parts.networks.remove(id, 'keep');
  }
}

const subjectOf = (step: EngineStep): string =>
  `${step.kind} ${step.kind === 'createMirror' ? step.network.id : step.id}`;
