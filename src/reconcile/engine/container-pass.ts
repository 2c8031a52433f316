/**
 * Brings what only the engine knows of containers (names, aliases) into the endpoints' records, and frees
 * what endpoints of this node left behind when the engine died without saying so.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DeadlineError, messageOf } from '../../errors.js';
import type { Engine, EngineContainer } from '../../model/ports/engine-port.js';
import type { EndpointId, EngineNetworkId, NetworkId } from '../../model/values/types.js';
import type { Endpoints } from '../../registry/endpoints/endpoints.js';
import type { Pools } from '../../registry/ipam/pools.js';
import type { LocalEndpoints } from '../../registry/local/local-endpoints.js';
import type { Membership } from '../../registry/local/membership.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import type { HostMemory } from '../../store/data-dir/host-memory.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { HostPass } from '../host/host-pass.js';
import { Loop } from '../loop/loop.js';

const RESYNC_MS = 60_000;
/** An attach is over long before: a record this old has had its link, or serves nobody if the engine does not list it, ms. */
const ORPHAN_MS = 60_000;
/** One that an earlier process left and of which nobody has told this one; the engine repeats its calls for 15 s. */
const LEFT_MS = 30_000;

/** A record of this host that does not live here: so soon it is looked at, for a moment ago it may have, ms. */
const DEAD_MS = 2_000;

/** Inspects at once, and how long each may take, ms. */
const INSPECTS = 8;
const INSPECT_MS = 5_000;
const SILENT = Symbol();

/** The first comes too early for what was under way at the crash. */
const THOROUGH_COMPARISONS = 2;

/** A container's id, or `all` for the full comparison. */
type Key = string;
const ALL: Key = 'all';

export interface ContainerPassParts {
  readonly engine: Pick<Engine, 'container' | 'containers' | 'endpoints' | 'networks'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly pools: Pick<Pools, 'reap'>;
  readonly endpoints: Pick<Endpoints, 'dead' | 'describe' | 'free' | 'own' | 'reapLeases'>;
  readonly membership: Pick<Membership, 'networks'>;
  readonly memory: Pick<HostMemory, 'clusterIdOf'>;
  readonly local: Pick<
    LocalEndpoints,
    'add' | 'age' | 'attach' | 'isAttached' | 'isLive' | 'isOfThisProcess' | 'joined' | 'keepOnly' | 'lookUp' | 'place'
  >;
  readonly tenure: Pick<Tenure, 'holds' | 'prunes'>;
  /** Makes the kernel right: an endpoint has a link to be seen to, as was not known before. */
  readonly host: Pick<HostPass, 'kick' | 'calm'>;
  /** Told when a container's namespace was found that this host did not know, for its DATA_DIR was lost. */
  readonly onPlaced: () => void;
  readonly log: Pick<Logger, 'debug' | 'warn'>;
}

export class ContainerPass {
  private readonly loop: Loop<Key>;
  private comparisons = 0;
  /** Containers of which the engine did not tell at the last comparison. */
  private readonly silent = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private dead: NodeJS.Timeout | undefined;

  constructor(private readonly parts: ContainerPassParts) {
    this.loop = new Loop((key) => (key === ALL ? this.compareAll() : this.describe(key)), {
      resyncMs: RESYNC_MS,
      onError: (key, e) =>
        parts.log.warn({ container: key, err: messageOf(e) }, 'the engine did not tell about a container'),
      describe: (key) => `the description of container ${key}`,
    });
  }

  kick(container: string): void {
    this.loop.kick(container);
  }

  kickAll(): void {
    this.loop.kick(ALL);
  }

  /** Records have changed: one that says that an endpoint lives here, though none does, is soon gone again. */
  lookForDead(): void {
    this.dead ??= setTimeout(() => {
      this.dead = undefined;
      if (this.parts.endpoints.dead().length > 0) this.kickAll();
    }, DEAD_MS).unref();
  }

  /**
   * Right after Join: the engine lists the endpoint with its container's name already, though the container itself
   * is locked. The name must be in the cluster before `docker run` returns.
   */
  async joined(network: EngineNetworkId, id: EndpointId): Promise<void> {
    try {
      const listed = (await this.parts.engine.endpoints(network))?.get(id);
      if (listed !== undefined)
        await this.parts.endpoints.describe(this.parts.memory.clusterIdOf(network), id, listed, 'unnamed');
    } catch (e) {
      this.parts.log.debug({ endpoint: id, err: messageOf(e) }, 'the name is published later, with the start event');
    }
  }

  /**
   * After the host has booted: its containers are gone, and what starts now gets endpoints of its own. An engine with
   * live-restore never says so, and the dead would answer to the names of the living until the full comparison.
   */
  async reapDead(): Promise<void> {
    for (const endpoint of this.parts.endpoints.dead()) {
      await this.parts.endpoints.free(endpoint);
      const { id, names } = endpoint;
      this.parts.log.warn({ endpoint: id, names }, 'freed an endpoint that has not outlived the boot of its host');
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.dead);
    this.loop.stop();
  }

  private async describe(id: string): Promise<boolean> {
    const container = await this.parts.engine.container(id);
    if (container !== undefined) await this.publish(container);
    return false;
  }

  private async publish(container: EngineContainer): Promise<void> {
    for (const { network, endpoint, names, linkLocal, lookup } of container.attachments) {
      if (endpoint === '' || !this.parts.local.isLive(endpoint)) continue;
      this.parts.local.lookUp(endpoint, lookup);
      if (this.parts.local.place(endpoint, container.sandbox)) this.parts.onPlaced();
      const id = this.parts.memory.clusterIdOf(network);
      if (this.parts.view.current.networks.get(id)?.ipv6 === true) this.parts.host.calm(container.sandbox);
      if (!this.parts.tenure.holds) continue;
      const local = linkLocal.length > 0 ? { linkLocal } : {};
      const description = { names, container: container.id, ...local };
      await this.parts.endpoints.describe(id, endpoint, description);
    }
  }

  private async compareAll(): Promise<boolean> {
    const attached = new Set<EndpointId>();
    for (const container of await this.inspect(await this.parts.engine.containers())) {
      for (const { endpoint } of container.attachments) {
        if (endpoint === '') continue;
        attached.add(endpoint);
        this.parts.local.add(endpoint);
      }
      await this.publish(container);
    }
    this.parts.local.keepOnly(attached);
    if (!this.parts.tenure.prunes) return true;
    const networks = await this.parts.engine.networks();
    for (const id of this.parts.membership.networks) {
      const engineIds = networks.filter((n) => this.parts.memory.clusterIdOf(n.id) === id).map((n) => n.id);
      await this.reap(id, engineIds, attached);
    }
    await this.reapLeases(attached);
    return true;
  }

  /**
   * Several at once, each for a limited time: the engine keeps an inspect waiting for as long as its container is locked,
   * and one that hangs is to hold up neither the names of the others nor what is freed. What is attached to one that says
   * nothing is listed by its network, too.
   */
  private async inspect(ids: readonly string[]): Promise<readonly EngineContainer[]> {
    const found: EngineContainer[] = [];
    for (let i = 0; i < ids.length; i += INSPECTS)
      await Promise.all(
        ids.slice(i, i + INSPECTS).map(async (id) => {
          try {
            const answer = this.parts.engine.container(id);
            const container = await Promise.race([answer, sleep(INSPECT_MS, SILENT, { ref: false })]);
            if (container === SILENT) throw new DeadlineError(`no answer within ${INSPECT_MS / 1000} s`);
            if (container !== undefined) found.push(container);
            this.silent.delete(id);
          } catch (e) {
            if (this.silent.has(id)) return;
            this.silent.add(id);
            this.parts.log.warn(
              { container: id, err: messageOf(e) },
              'the engine says nothing of a container; all else goes on',
            );
          }
        }),
      );
    return found;
  }

  private async reap(
    network: NetworkId,
    engineIds: readonly EngineNetworkId[],
    attached: ReadonlySet<EndpointId>,
  ): Promise<void> {
    const listed = new Set(attached);
    for (const engineId of engineIds)
      for (const id of (await this.parts.engine.endpoints(engineId))?.keys() ?? []) listed.add(id);
    for (const endpoint of this.parts.endpoints.own(network)) {
      const limit = this.parts.local.isOfThisProcess(endpoint.id) ? ORPHAN_MS : LEFT_MS;
      const left = limit - this.parts.local.age(endpoint.id);
      if (listed.has(endpoint.id)) {
        // Its link may have been deleted while we were away.
        const isOver = left <= 0 || !this.parts.local.isOfThisProcess(endpoint.id);
        if (!isOver || this.parts.local.joined.has(endpoint.id) || this.parts.local.isAttached(endpoint.id)) continue;
        this.parts.local.attach(endpoint.id);
        this.parts.host.kick(network);
        continue;
      }
      if (left > 0) {
        this.compareAfter(left);
        continue;
      }
      await this.parts.endpoints.free(endpoint);
      this.parts.log.warn(
        { endpoint: endpoint.id, names: endpoint.names },
        'freed an endpoint that the engine no longer has',
      );
    }
  }

  /** So that what is left behind is freed when it is due, not up to a minute later. */
  private compareAfter(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.kickAll();
    }, ms).unref();
  }

  /** A crash may have left leases in networks that this host is no member of: the first comparisons read all. */
  private async reapLeases(attached: ReadonlySet<EndpointId>): Promise<void> {
    const thorough = this.comparisons++ < THOROUGH_COMPARISONS;
    const pools = await this.parts.pools.reap(thorough);
    if (pools > 0) this.parts.log.warn({ pools }, 'freed address pools that no network took up');
    const networks = thorough ? this.parts.view.current.networks.keys() : this.parts.membership.networks;
    for (const network of networks) {
      const freed = await this.parts.endpoints.reapLeases(network, attached);
      if (freed > 0) this.parts.log.warn({ network, freed }, 'freed addresses that no endpoint took up');
    }
  }
}
