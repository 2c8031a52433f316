/** Brings what only the engine knows of containers (names, aliases) into the endpoints' records. */
import { messageOf } from '../../errors.js';
import type { Log } from '../../health/events.js';
import type { RowPorts } from '../../health/row.js';
import type { Engine, EngineContainer, EngineEvent } from '../../model/ports/engine-port.js';
import type { EndpointId, EngineNetworkId } from '../../model/values/types.js';
import type { Endpoints } from '../../registry/endpoints/endpoints.js';
import type { LocalEndpoints } from '../../registry/local/local-endpoints.js';
import type { Membership } from '../../registry/local/membership.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import { Loop } from '../loop/loop.js';
import type { Calmer } from './calmer.js';
import type { ForeignPass } from './foreign-pass.js';
import { Leftovers, type LeftoversParts } from './leftovers.js';

const RESYNC_MS = 60_000;
/** A container's id, or `all` for the full comparison. */
type Key = string;
const ALL: Key = 'all';

export interface ContainerPassParts extends LeftoversParts {
  readonly engine: Pick<Engine, 'container' | 'containers' | 'endpoints' | 'networks'>;
  readonly endpoints: LeftoversParts['endpoints'] & Pick<Endpoints, 'describe' | 'tell'>;
  readonly local: LeftoversParts['local'] & Pick<LocalEndpoints, 'add' | 'isLive' | 'keepOnly' | 'lookUp' | 'place'>;
  readonly membership: Pick<Membership, 'networks' | 'renew'>;
  readonly tenure: Pick<Tenure, 'holds' | 'prunes'>;
  readonly calmer: Pick<Calmer, 'calm'>;
  readonly foreign: Pick<ForeignPass, 'forget' | 'kick' | 'onEvent' | 'see' | 'stop'>;
  /** Told when a container's namespace was found that this host did not know, for its DATA_DIR was lost. */
  readonly onPlaced: () => void;
  readonly log: Pick<Log, 'debug' | 'warn'>;
  readonly rows: RowPorts<'engine.containers' | 'engine.container' | 'endpoint.lost'>;
}

export class ContainerPass {
  private readonly loop: Loop<Key>;
  private readonly leftovers: Leftovers;

  constructor(private readonly parts: ContainerPassParts) {
    this.leftovers = new Leftovers(parts, () => this.kickAll());
    this.loop = new Loop((key) => (key === ALL ? this.compareAll() : this.describe(key)), {
      resyncMs: () => RESYNC_MS,
      row: (key) =>
        key === ALL ? parts.rows.of('engine.containers').row() : parts.rows.of('engine.container').row(key),
      describe: (key) => `the description of container ${key}`,
    });
  }

  kick(container: string): void {
    this.loop.kick(container);
  }

  kickAll(): void {
    this.loop.kick(ALL);
  }

  /** A container has come to a network of another driver, or has left it. */
  onForeign(event: EngineEvent & { type: 'foreign' }): void {
    if (this.parts.foreign.onEvent(event)) this.kick(event.container);
  }

  /** It runs no more. */
  ended(container: string): void {
    this.parts.foreign.forget(container);
  }

  /** Records have changed: see {@link Leftovers.lookForDead}. */
  lookForDead(): void {
    this.leftovers.lookForDead();
  }

  /** After the host has booted: see {@link Leftovers.reapDead}. */
  reapDead(): Promise<void> {
    return this.leftovers.reapDead();
  }

  /**
   * Right after Join: the engine lists the endpoint with its container's name already, though the container itself
   * is locked. The name must be in the cluster before `docker run` returns.
   */
  async joined(network: EngineNetworkId, id: EndpointId): Promise<void> {
    const cluster = this.parts.memory.clusterIdOf(network);
    try {
      const listed = (await this.parts.engine.endpoints(network))?.get(id);
      if (listed !== undefined) await this.parts.endpoints.describe(cluster, id, listed, 'unnamed');
    } catch (e) {
      this.parts.log.debug(
        { event: 'name-later', endpoint: id, err: messageOf(e) },
        'the name is published later, with the start event',
      );
    }
    // Its first packets need not wait for that.
    await this.parts.endpoints.tell(cluster);
  }

  /** Frees at once what earlier processes left behind anywhere in the cluster. Rejects with a DeadlineError. */
  sweep(deadlineMs: number): Promise<void> {
    this.leftovers.sweepAgain();
    return this.loop.settled(ALL, deadlineMs);
  }

  /** See {@link Loop.stop}. */
  async stop(): Promise<void> {
    this.leftovers.stop();
    await Promise.all([this.parts.foreign.stop(), this.loop.stop()]);
  }

  private async describe(id: string): Promise<boolean> {
    const container = await this.parts.engine.container(id);
    if (container === undefined) this.parts.foreign.forget(id);
    else await this.publish(container);
    return false;
  }

  private async publish(container: EngineContainer): Promise<void> {
    const others = this.parts.foreign.see(container);
    for (const { network, endpoint, names, linkLocal, lookup } of container.attachments) {
      if (endpoint === '' || !this.parts.local.isLive(endpoint)) continue;
      // Its first questions wait for this.
      if (others === undefined) this.parts.local.lookUp(endpoint, lookup);
      else void others.then(() => this.parts.local.lookUp(endpoint, lookup));
      if (this.parts.local.place(endpoint, container.sandbox)) this.parts.onPlaced();
      const id = this.parts.memory.clusterIdOf(network);
      if (this.parts.view.current.networks.get(id)?.ipv6 === true) this.parts.calmer.calm(container.sandbox);
      if (!this.parts.tenure.holds) continue;
      const local = linkLocal.length > 0 ? { linkLocal } : {};
      const description = { names, container: container.id, ...local };
      await this.parts.endpoints.describe(id, endpoint, description);
    }
  }

  private async compareAll(): Promise<boolean> {
    const { told, silent } = await this.parts.engine.containers();
    this.tellSilent(told, silent);
    const networks = await this.parts.engine.networks();
    const ours = new Set<EngineNetworkId>(networks.map(({ id }) => id));
    const attached = new Set<EndpointId>();
    for (const container of told) {
      for (const { network, endpoint } of container.attachments) {
        if (endpoint === '' || !ours.has(network)) continue;
        attached.add(endpoint);
        this.parts.local.add(endpoint);
      }
      await this.publish(container);
    }
    this.parts.foreign.kick();
    this.parts.local.keepOnly(attached);
    this.parts.rows.of('endpoint.lost').keepOnly(attached);
    if (!this.parts.tenure.prunes) return true;
    await this.parts.membership.renew();
    await this.leftovers.reap(networks, attached);
    return true;
  }

  private tellSilent(told: readonly EngineContainer[], silent: ReadonlyMap<string, string>): void {
    const rows = this.parts.rows.of('engine.container');
    for (const { id } of told) rows.row(id).gone();
    for (const [id, reason] of silent) rows.row(id).failing({ reason });
    rows.keepOnly(new Set(silent.keys()));
  }
}
