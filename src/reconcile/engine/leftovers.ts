/** What the death of an engine, of ours or of the host leaves behind in the cluster: found and freed, never too early. */
import type { Log } from '../../health/events.js';
import type { Engine, EngineNetwork } from '../../model/ports/engine-port.js';
import type { EndpointId, EngineNetworkId, NetworkId } from '../../model/values/types.js';
import type { EndpointLeases } from '../../registry/endpoints/endpoint-leases.js';
import type { Endpoints } from '../../registry/endpoints/endpoints.js';
import type { Pools } from '../../registry/ipam/pools.js';
import type { LocalEndpoints } from '../../registry/local/local-endpoints.js';
import type { Membership } from '../../registry/local/membership.js';
import type { HostMemory } from '../../store/data-dir/host-memory.js';
import { momentIn } from '../../store/spread.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { HostPass } from '../host/host-pass.js';

/** An attach is over long before: a record this old has had its link, or serves nobody if the engine does not list it, ms. */
const ORPHAN_MS = 60_000;
/** One that an earlier process left and of which nobody has told this one; the engine repeats its calls for 15 s. */
const LEFT_MS = 30_000;
/** A record of this host that does not live here: so soon it is looked at, for a moment ago it may have, ms. */
const DEAD_MS = 2_000;
/** By then all that an earlier process left has been nobody's work in progress for long enough (see Pools and Ipam), ms. */
const RIPE_MS = 60_000;
/** An older state of the store may bring leases back that nobody owes any more: so rarely they are looked for, at random, ms. */
const SWEEP_MS = { least: 3_600_000, most: 7_200_000 };

export interface LeftoversParts {
  readonly engine: Pick<Engine, 'endpoints'>;
  readonly view: Pick<ClusterView, 'current' | 'doubts' | 'onDoubt'>;
  readonly pools: Pick<Pools, 'reap'>;
  readonly endpoints: Pick<Endpoints, 'dead' | 'free' | 'own'>;
  readonly endpointLeases: Pick<EndpointLeases, 'reap' | 'reapOwed'>;
  readonly membership: Pick<Membership, 'networks'>;
  readonly memory: Pick<HostMemory, 'clusterIdOf'>;
  readonly local: Pick<LocalEndpoints, 'age' | 'attach' | 'isAttached' | 'isOfThisProcess' | 'joined'>;
  /** Makes the kernel right: an endpoint has a link to be seen to, as was not known before. */
  readonly host: Pick<HostPass, 'kick'>;
  readonly log: Pick<Log, 'warn'>;
}

export class Leftovers {
  private readonly began = performance.now();
  /** How often it was asked for what earlier processes left behind anywhere in the cluster, and what of that is done. */
  private asked = 1;
  private swept = 0;
  private sweeps = Number.POSITIVE_INFINITY;
  private due: NodeJS.Timeout | undefined;
  private dead: NodeJS.Timeout | undefined;

  constructor(
    private readonly parts: LeftoversParts,
    /** Called when it is time to look again. */
    private readonly again: () => void,
  ) {
    parts.view.onDoubt(() => this.sweepAgain());
  }

  /** Records have changed: one that says that an endpoint lives here, though none does, is soon gone again. */
  lookForDead(): void {
    this.dead ??= setTimeout(() => {
      this.dead = undefined;
      if (this.parts.endpoints.dead().length > 0) this.again();
    }, DEAD_MS).unref();
  }

  /**
   * After the host has booted: its containers are gone, and what starts now gets endpoints of its own. An engine with
   * live-restore never says so, and the dead would answer to the names of the living until the full comparison.
   */
  async reapDead(): Promise<void> {
    for (const endpoint of this.parts.endpoints.dead()) {
      await this.parts.endpoints.free(endpoint);
      const { id, names } = endpoint;
      this.parts.log.warn(
        { event: 'endpoint-freed', endpoint: id, names },
        'freed an endpoint that has not outlived the boot of its host',
      );
    }
  }

  /** `networks`: what the engine has; `attached`: endpoints that its containers have. */
  async reap(networks: readonly EngineNetwork[], attached: ReadonlySet<EndpointId>): Promise<void> {
    const { membership, memory } = this.parts;
    for (const id of membership.networks) {
      const engineIds = networks.filter((n) => memory.clusterIdOf(n.id) === id).map((n) => n.id);
      await this.reapEndpoints(id, engineIds, attached);
    }
    await this.reapLeases(attached);
  }

  /** With the next comparison all leases are looked through, those of networks too that this host is no member of. */
  sweepAgain(): void {
    this.asked++;
  }

  stop(): void {
    clearTimeout(this.due);
    clearTimeout(this.dead);
  }

  private async reapEndpoints(
    network: NetworkId,
    engineIds: readonly EngineNetworkId[],
    attached: ReadonlySet<EndpointId>,
  ): Promise<void> {
    const { engine, endpoints, local, host, log } = this.parts;
    const listed = new Set(attached);
    for (const engineId of engineIds) for (const id of (await engine.endpoints(engineId))?.keys() ?? []) listed.add(id);
    for (const endpoint of endpoints.own(network)) {
      const { id, names } = endpoint;
      const isOurs = local.isOfThisProcess(id);
      const left = (isOurs ? ORPHAN_MS : LEFT_MS) - local.age(id);
      if (listed.has(id)) {
        // Its link may have been deleted while we were away.
        const isOver = left <= 0 || !isOurs;
        if (!isOver || local.joined.has(id) || local.isAttached(id)) continue;
        local.attach(id);
        host.kick(network);
        continue;
      }
      if (left > 0) {
        this.lookAfter(left);
        continue;
      }
      await endpoints.free(endpoint);
      log.warn({ event: 'endpoint-freed', endpoint: id, names }, 'freed an endpoint that the engine no longer has');
    }
  }

  /** So that what is left behind is freed when it is due, not up to a minute later. */
  private lookAfter(ms: number): void {
    this.due ??= setTimeout(() => {
      this.due = undefined;
      this.again();
    }, ms).unref();
  }

  /**
   * What this process owes it knows. Earlier ones may have left leases, in networks too that this host is no member of: all
   * are read until that was done once late enough, and then rarely. Not a number of times: an engine that comes and goes
   * has all compared at each of its starts.
   */
  private async reapLeases(attached: ReadonlySet<EndpointId>): Promise<void> {
    const { pools, endpointLeases, view, membership, log } = this.parts;
    const { asked } = this;
    const thorough = this.swept < asked;
    const isRipe = performance.now() - this.began > RIPE_MS;
    const abandoned = await pools.reap(thorough);
    if (abandoned > 0)
      log.warn({ event: 'leases-freed', pools: abandoned }, 'freed address pools that no network took up');
    const tell = (freed: number, where: { readonly network?: NetworkId } = {}) => {
      if (freed > 0) log.warn({ event: 'leases-freed', ...where, freed }, 'freed addresses that no endpoint took up');
    };
    tell(await endpointLeases.reapOwed(attached));
    const isTime = performance.now() > this.sweeps;
    const looked = thorough ? view.current.networks.keys() : isTime ? membership.networks : [];
    for (const network of looked) tell(await endpointLeases.reap(network, attached), { network });
    // A store that is being filled again may still get what somebody saved of it. What was asked for since is yet to be done.
    if (isRipe && !view.doubts) this.swept = asked;
    if (thorough || isTime) this.sweeps = performance.now() + momentIn(SWEEP_MS);
  }
}
