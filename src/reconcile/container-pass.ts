/**
 * Brings what only the engine knows of containers (names, aliases, sandbox) into the endpoints' records, and frees
 * what endpoints of this node left behind when the engine died without saying so.
 */
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { Engine, EngineContainer } from '../model/ports.js';
import type { EndpointId, EngineNetworkId, NetworkId } from '../model/types.js';
import type { Endpoints } from '../registry/endpoints.js';
import type { LocalEndpoints } from '../registry/local-endpoints.js';
import type { Membership } from '../registry/membership.js';
import type { ClusterView } from '../store/cluster.js';
import type { HostMemory } from '../store/memory.js';
import { Loop } from './loop.js';

const RESYNC_MS = 60_000;
/** An attach is over long before: a record this old has had its link, or serves nobody if the engine does not list it, ms. */
const ORPHAN_MS = 60_000;

/** The first comes too early for what was under way at the crash. */
const THOROUGH_COMPARISONS = 2;

/** A container's id, or `all` for the full comparison. */
type Key = string;
const ALL: Key = 'all';

export class ContainerPass {
  private readonly loop: Loop<Key>;
  private comparisons = 0;

  constructor(
    private readonly engine: Engine,
    private readonly view: ClusterView,
    private readonly endpoints: Endpoints,
    private readonly membership: Membership,
    private readonly memory: HostMemory,
    private readonly local: LocalEndpoints,
    private readonly log: Logger,
  ) {
    this.loop = new Loop((key) => (key === ALL ? this.compareAll() : this.describe(key)), {
      resyncMs: RESYNC_MS,
      onError: (key, e) => log.warn({ container: key, err: messageOf(e) }, 'the engine did not tell about a container'),
      describe: (key) => `the description of container ${key}`,
    });
  }

  kick(container: string): void {
    this.loop.kick(container);
  }

  kickAll(): void {
    this.loop.kick(ALL);
  }

  /**
   * Right after Join: the engine lists the endpoint with its container's name already, though the container itself
   * is locked. The name must be in the cluster before `docker run` returns.
   */
  async joined(network: EngineNetworkId, id: EndpointId, sandbox: string): Promise<void> {
    try {
      const name = (await this.engine.endpoints(network))?.get(id);
      const names = name === undefined ? {} : { names: [name] };
      await this.endpoints.describe(this.memory.clusterIdOf(network), id, { ...names, sandbox });
    } catch (e) {
      this.log.debug({ endpoint: id, err: messageOf(e) }, 'the name is published later, with the start event');
    }
  }

  stop(): void {
    this.loop.stop();
  }

  private async describe(id: string): Promise<boolean> {
    const container = await this.engine.container(id);
    if (container !== undefined) await this.publish(container);
    return false;
  }

  private async publish(container: EngineContainer): Promise<void> {
    for (const { network, endpoint, names } of container.attachments) {
      if (endpoint === '' || !this.local.isLive(endpoint)) continue;
      const description = { names, container: container.id, sandbox: container.sandbox };
      await this.endpoints.describe(this.memory.clusterIdOf(network), endpoint, description);
    }
  }

  private async compareAll(): Promise<boolean> {
    for (const id of await this.engine.containers()) {
      const container = await this.engine.container(id);
      for (const { endpoint } of container?.attachments ?? []) if (endpoint !== '') this.local.add(endpoint);
      if (container !== undefined) await this.publish(container);
    }
    const networks = await this.engine.networks();
    for (const id of this.membership.networks) {
      const engineIds = networks.filter((n) => this.memory.clusterIdOf(n.id) === id).map((n) => n.id);
      await this.reap(id, engineIds);
    }
    await this.reapLeases();
    return true;
  }

  private async reap(network: NetworkId, engineIds: readonly EngineNetworkId[]): Promise<void> {
    const listed = new Set<EndpointId>();
    for (const engineId of engineIds)
      for (const id of (await this.engine.endpoints(engineId))?.keys() ?? []) listed.add(id);
    for (const endpoint of this.endpoints.own(network)) {
      if (Date.now() - endpoint.created < ORPHAN_MS) continue;
      if (listed.has(endpoint.id)) {
        // Its link may have been deleted while we were away.
        if (!this.local.joined.has(endpoint.id)) this.local.attach(endpoint.id);
        continue;
      }
      await this.endpoints.remove(network, endpoint.id, true);
      this.log.warn(
        { endpoint: endpoint.id, names: endpoint.names },
        'freed an endpoint that the engine no longer has',
      );
    }
  }

  /** A crash may have left leases in networks that this host is no member of: the first comparisons read all. */
  private async reapLeases(): Promise<void> {
    const thorough = this.comparisons++ < THOROUGH_COMPARISONS;
    const networks = thorough ? this.view.current.networks.keys() : this.membership.networks;
    for (const network of networks) {
      const freed = await this.endpoints.reapLeases(network);
      if (freed > 0) this.log.warn({ network, freed }, 'freed addresses that no endpoint took up');
    }
  }
}
