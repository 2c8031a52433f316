/** Makes the local engine's networks equal the cluster's: announces its own, mirrors the others', removes the gone. */
import { isUserError, messageOf } from '../../errors.js';
import type { Log } from '../../health/events.js';
import type { RowPorts } from '../../health/row.js';
import type { Engine, EngineNetwork } from '../../model/ports/engine-port.js';
import type { EngineNetworkId, Network, NetworkId, NodeId } from '../../model/values/types.js';
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
import { Naming } from './naming.js';

const RESYNC_MS = 30_000;
/** What was half done this long ago is nobody's work in progress any more, ms. */
const REMOVAL_GRACE_MS = 30_000;

/** An engine hides a network while it removes it, and tells us last: how long one that it had is not put back, ms. */
const LEAVING_MS = 500;

export interface EnginePassParts {
  readonly engine: Pick<Engine, 'createMirror' | 'networks' | 'removeNetwork' | 'users'>;
  readonly view: Pick<ClusterView, 'confirmed' | 'current'>;
  readonly self: NodeId;
  readonly networks: Pick<Networks, 'announce' | 'check' | 'outdo' | 'remove'>;
  readonly memory: Pick<HostMemory, 'rememberMirror'>;
  readonly identity: Pick<Identity, 'confirm'>;
  readonly tenure: Pick<Tenure, 'prunes'>;
  readonly underway: Pick<Underway, 'mirroring' | 'replacing'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly rows: RowPorts<'engine.networks' | 'engine.network'>;
}

export class EnginePass {
  private readonly seen: EngineNetworks;
  private readonly loop: Loop<'engine'>;
  private readonly leaving = new Leaving(LEAVING_MS, () => this.kick());
  /** When this host first saw a network half made or half removed. */
  private readonly halfGoneSince = new Map<NetworkId, number>();
  private readonly naming: Naming;

  constructor(private readonly parts: EnginePassParts) {
    this.seen = new EngineNetworks(parts.engine, (id, of) => parts.memory.rememberMirror(id, of));
    this.naming = new Naming({ ...parts, seen: this.seen, mirror: (network) => this.createMirror(network) });
    this.loop = new Loop(() => this.pass(), {
      resyncMs: () => RESYNC_MS,
      row: () => parts.rows.of('engine.networks').row(),
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
    if (this.naming.hasOutdone) this.loop.kick('engine');
  }

  /** See {@link Loop.stop}. */
  stop(): Promise<void> {
    this.leaving.stop();
    return this.loop.stop();
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
    const busy = new Set<string>();
    const rows = this.parts.rows.of('engine.network');
    const ids = new Map<string, NetworkId>(networks.map((n) => [n.id, clusterIdOf(n)]));
    for (const step of steps) {
      const id = networkOf(step);
      const row = rows.row(ids.get(id) ?? id);
      busy.add(ids.get(id) ?? id);
      try {
        await this.run(step);
        row.ok();
      } catch (e) {
        // What can never be is looked at again with the next pass, not at once.
        if (!isUserError(e)) failures.push(e);
        row.failing({ step: step.kind, reason: messageOf(e) });
      }
    }
    // Where there is nothing to do all is right; what is neither in the engine nor to be there has no row.
    const here = new Set<string>(ids.values());
    for (const id of here) if (!busy.has(id)) rows.row(id).ok();
    rows.keepOnly(new Set([...here, ...busy]));
    const halfGone = new Set(steps.flatMap((step) => (step.kind === 'finishRemoval' ? [step.id] : [])));
    for (const id of this.halfGoneSince.keys()) if (!halfGone.has(id)) this.halfGoneSince.delete(id);
    if (failures.length === 0) return true;
    this.seen.doubt();
    throw failures[0];
  }

  private run(step: EngineStep): Promise<void> {
    switch (step.kind) {
      case 'announce':
        return this.naming.announce(step);
      case 'createMirror':
        return this.createMirror(step.network);
      case 'removeNetwork':
        return this.removeNetwork(step);
      case 'finishRemoval':
        return this.finishRemoval(step);
    }
  }

  private async createMirror(network: Network): Promise<void> {
    await this.parts.networks.check(network);
    const isIt = (n: EngineNetwork): boolean => clusterIdOf(n) === network.id;
    const name = network.announced?.name ?? '';
    if (await this.seen.find({ name }, isIt)) return;
    await this.parts.underway.mirroring(network, () => this.parts.engine.createMirror(network));
    await this.seen.find({ name }, isIt);
    this.parts.log.info(
      { event: 'network-mirrored', network: network.announced?.name, id: network.id },
      'network of another host appeared here',
    );
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
      this.parts.log.info({ event: 'network-removed', network: name }, 'network removed in the cluster, removed here');
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

/** The cluster's network that it is about, or the engine's where the cluster has none. */
const networkOf = (step: EngineStep): string => (step.kind === 'createMirror' ? step.network.id : step.id);
