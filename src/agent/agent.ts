/** All parts of tsoverlay put together, started in an order that never prunes too early and serves at once. */
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { makeRoutes } from '../api/routes.js';
import { makeApp, serve } from '../api/server.js';
import type { Config } from '../config/config.js';
import { isUserError, messageOf } from '../errors.js';
import { insist } from '../insist.js';
import { assemble, type Parts } from '../wiring/assemble.js';
import { PATIENCE_MS } from '../wiring/ground.js';
import { Healing } from './healing.js';
import { Loading } from './loading.js';
import { News } from './news.js';
import { troublesOf } from './troubles.js';

/** How long a stop takes down what was put off, ms. */
const CATCH_UP_MS = 1_000;
/** How long a stop waits for the disk, and for the store, ms. */
const COPY_MS = 2_000;
const RELEASE_MS = 2_000;

export interface AgentEvents {
  /** The store says that this host is another than this agent took itself for: it is to be stopped, and a new one started. */
  onOtherSelf(): void;
}

export class Agent {
  private readonly ending = new AbortController();
  private readonly news: News;
  private readonly healing: Healing;
  private readonly loading: Loading;

  private constructor(
    private readonly log: Logger,
    private readonly parts: Parts,
    private readonly servers: readonly Server[],
    private readonly events: AgentEvents,
  ) {
    const { ground, cluster, passes } = parts;
    this.news = new News(parts);
    this.healing = new Healing({
      ...{ ...cluster, log, ending: this.ending.signal },
      onHealed: () => {
        passes.node.kick();
        cluster.exposure.look();
      },
    });
    this.loading = new Loading({ ...ground, ...cluster, log, heal: () => this.healing.heal() });
    this.news.connect();
    cluster.view.onDoubt(() => this.healing.want());
  }

  /** Resolves once the sockets are served. Rejects with a UserError when a setting or the host forbids it. */
  static async start(config: Config, log: Logger, isFirst: boolean, events: AgentEvents): Promise<Agent> {
    const began = performance.now();
    const parts = await assemble(config, log);
    // Before the first call: what is attached already is live, its addresses are not up for grabs.
    await parts.passes.host.adopt();
    const agent = new Agent(log, parts, await serveAll(config, log, parts), events);
    log.info(
      {
        sockets: config.sockets,
        id: parts.ground.self,
        advertise: config.advertise,
        store: config.consul?.servers ?? 'embedded',
      },
      'serving',
    );
    void agent.run(isFirst, PATIENCE_MS - (performance.now() - began));
    return agent;
  }

  async stop(): Promise<void> {
    const { ground, cluster, registry, names, passes } = this.parts;
    await passes.host.catchUp(CATCH_UP_MS);
    this.ending.abort();
    const { docker: _, ...loops } = passes;
    for (const loop of [...Object.values(loops), cluster.exposure, registry.peers]) loop.stop();
    for (const server of this.servers) server.close();
    await Promise.all([names.dns.stop(), Promise.race([cluster.copy.flush(), sleep(COPY_MS)])]);
    await Promise.race([cluster.registration.release().catch(() => undefined), sleep(RELEASE_MS)]);
    await ground.store.close();
    ground.kernel.close();
    // Whoever goes on talking to this one would talk to nobody.
    for (const server of this.servers) server.closeAllConnections();
  }

  private async run(isFirst: boolean, patienceMs: number): Promise<void> {
    const { node, consulGuard } = this.parts.passes;
    node.kick();
    consulGuard.kick();
    void this.insist('it is not settled yet who this host is', () => this.settle());
    const loaded = this.insist('the cluster could not be loaded', () => this.loading.load(this.ending.signal));
    await Promise.race([loaded, sleep(Math.max(0, patienceMs))]);
    if (!this.loading.isLoaded) this.loading.startFromCopy();
    this.makeRight();
    await loaded;
    this.keepOut();
    await this.parts.ground.tenure.taken();
    await this.insist('the cluster could not be loaded', () => this.loading.complete());
    if (!this.ending.signal.aborted) await this.prune(isFirst);
  }

  /** Publishes this host, once it is known who it is. */
  private async settle(): Promise<void> {
    const { identity, finder, self, tenure } = this.parts.ground;
    try {
      await identity.read();
      if ((await finder.find()) !== self) return this.events.onOtherSelf();
    } catch (e) {
      if (isUserError(e)) return tenure.forbid(e);
      tenure.wait(messageOf(e));
      throw e;
    }
    this.parts.cluster.registration.open();
    this.parts.passes.node.kick();
  }

  /** By what is known, from the store or from the copy: what runs here gets its networks and names. */
  private makeRight(): void {
    const { view, membership } = this.parts.cluster;
    const { host, mesh, fence } = this.parts.passes;
    this.news.followCluster();
    fence.kick();
    mesh.kick();
    host.open();
    for (const network of membership.networks) host.kick(network);
    this.parts.names.sandboxes.sync();
    this.log.info({ networks: view.current.networks.size, nodes: view.current.nodes.size }, 'cluster loaded');
  }

  /** By what the store itself says: who is no node of the cluster is kept out. */
  private keepOut(): void {
    const { exposure, view } = this.parts.cluster;
    const { guard, findings } = this.parts.passes;
    exposure.look();
    guard.kick();
    findings.look(view.current);
  }

  /** From now on what is not in the cluster goes, in the kernel and on the engine. */
  private async prune(isFirst: boolean): Promise<void> {
    const { host, upgrade, containers } = this.parts.passes;
    this.parts.ground.tenure.trust();
    upgrade.kick();
    host.kickAll();
    if (isFirst) await this.insist('what died with the host could not be freed', () => containers.reapDead());
    this.parts.cluster.copy.soon();
    void this.parts.registry.cooldown.load();
    this.news.followEngine(this.ending.signal);
  }

  /** Tries until it works: Consul may come long after us. */
  private async insist(complaint: string, work: () => Promise<void>): Promise<void> {
    await insist(this.log, this.ending.signal, complaint, work);
  }
}

/** One server for each socket, which all answer the same. */
async function serveAll(config: Config, log: Logger, parts: Parts): Promise<readonly Server[]> {
  const { networkDriver, ipamDriver } = parts.drivers;
  const app = makeApp(
    makeRoutes(networkDriver, ipamDriver, config.scope),
    log,
    () => parts.passes.restarts.kick(),
    () => troublesOf(parts.ground),
  );
  return Promise.all(config.sockets.map((path) => serve(app, path)));
}
