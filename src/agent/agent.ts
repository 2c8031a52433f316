/** All parts of tsoverlay put together, started in an order that never prunes too early and serves at once. */
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminParts } from '../admin/parts.js';
import { makeRoutes } from '../api/routes.js';
import { makeApp, serve } from '../api/server.js';
import type { Config } from '../config/config.js';
import { isUserError, messageOf } from '../errors.js';
import type { Reason } from '../health/entry.js';
import type { Log } from '../health/events.js';
import type { RowsOf } from '../health/row.js';
import { Rows } from '../health/rows.js';
import { insist } from '../insist.js';
import { assemble, type Parts } from '../wiring/assemble.js';
import { PATIENCE_MS } from '../wiring/ground.js';
import { Healing } from './healing.js';
import { Loading } from './loading.js';
import { Measuring } from './measuring.js';
import { News } from './news.js';

/** How long a stop takes down what was put off, ms. */
const CATCH_UP_MS = 1_000;
/** How long a stop waits for passes that are under way and for the disk, and then for the store, ms. */
const ENDING_MS = 2_000;
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
  private readonly measuring: Measuring;

  /** What the admin socket may look at. */
  readonly admin: AdminParts;

  private constructor(
    config: Config,
    private readonly log: Log,
    private readonly rows: Rows,
    private readonly parts: Parts,
    private readonly servers: readonly Server[],
    private readonly events: AgentEvents,
  ) {
    const { ground, cluster, registry, names, passes, probes } = parts;
    this.news = new News({ ...ground, ...cluster, ...registry, ...names, ...passes });
    this.healing = new Healing({
      ...{ ...cluster, log, rows: rows.of('agent.heal'), ending: this.ending.signal },
      onHealed: () => {
        passes.node.kick();
        cluster.exposure.look();
      },
    });
    this.loading = new Loading({ ...ground, ...cluster, log, heal: () => this.healing.heal() });
    this.measuring = new Measuring(parts, rows, () => this.loading.knowsCluster);
    this.admin = {
      ...{ ...ground, ...cluster, ...names, ...passes, rows, probes: probes.probes },
      ...{ address: config.advertise, port: config.vxlanPort, started: new Date() },
      metrics: this.measuring.metrics,
      ending: this.ending.signal,
      servers: (config.consul?.servers ?? []).map(({ host, port }) => `${host}:${port}`),
    };
    this.news.connect();
    cluster.view.onDoubt(() => this.healing.want());
  }

  /** Resolves once the sockets are served. Rejects with a UserError when a setting or the host forbids it. */
  static async start(config: Config, log: Log, isFirst: boolean, events: AgentEvents): Promise<Agent> {
    const began = performance.now();
    const rows = new Rows(log);
    const parts = await assemble(config, log, rows);
    // Before the first call: what is attached already is live, its addresses are not up for grabs.
    await parts.passes.host.adopt();
    const agent = new Agent(config, log, rows, parts, await serveAll(config, log, parts), events);
    log.info(
      {
        ...{ event: 'serving', sockets: config.sockets, id: parts.ground.self, advertise: config.advertise },
        store: config.consul?.servers ?? 'embedded',
      },
      'serving',
    );
    await agent.measuring.serve(config.metrics);
    void agent.run(isFirst, PATIENCE_MS - (performance.now() - began));
    return agent;
  }

  async stop(): Promise<void> {
    const { ground, cluster, registry, names, passes, probes } = this.parts;
    await passes.host.catchUp(CATCH_UP_MS);
    this.ending.abort();
    const { docker: _, ...loops } = passes;
    for (const each of probes.answering) each.stop();
    const passed = [...Object.values(loops), cluster.exposure, registry.peers].map((each) => each.stop());
    for (const server of this.servers) server.close();
    this.measuring.stop();
    // What a late pass would write comes before this host says that it has left.
    await Promise.all([names.dns.stop(), atMost(ENDING_MS, [cluster.copy.flush(), ...passed])]);
    await atMost(RELEASE_MS, [cluster.registration.release().catch(() => undefined)]);
    await ground.store.close();
    ground.kernel.close();
    this.rows.stop();
    // Whoever goes on talking to this one would talk to nobody.
    for (const server of this.servers) server.closeAllConnections();
  }

  private async run(isFirst: boolean, patienceMs: number): Promise<void> {
    const { node, hostParts } = this.parts.passes;
    hostParts.kick('sysctls');
    hostParts.kick('accelerator');
    node.kick();
    hostParts.kick('consulGuard');
    void this.insist(this.rows.of('agent.identity'), () => this.settle());
    const loaded = this.insist(this.rows.of('agent.load'), () => this.loading.load(this.ending.signal));
    await Promise.race([loaded, sleep(Math.max(0, patienceMs))]);
    if (!this.loading.isLoaded) this.loading.startFromCopy();
    this.makeRight();
    await loaded;
    this.keepOut();
    await this.parts.ground.tenure.taken();
    await this.insist(this.rows.of('agent.load'), () => this.loading.complete());
    if (!this.ending.signal.aborted) await this.prune(isFirst);
  }

  /** Publishes this host, once it is known who it is. */
  private async settle(): Promise<void> {
    const { identity, finder, self, tenure } = this.parts.ground;
    try {
      await identity.read();
      const found = await finder.find();
      if (this.ending.signal.aborted) return;
      if (found !== self) return this.events.onOtherSelf();
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
    const { host, hostParts } = this.parts.passes;
    this.news.followCluster();
    hostParts.kick('encryptionFence');
    hostParts.kick('crypt');
    host.open();
    hostParts.kick('probe');
    for (const network of membership.networks) host.kick(network);
    this.parts.names.sandboxes.sync();
    this.log.info(
      { event: 'loaded', networks: view.current.networks.size, nodes: view.current.nodes.size },
      'cluster loaded',
    );
  }

  /** By what the store itself says: who is no node of the cluster is kept out. */
  private keepOut(): void {
    const { exposure, view } = this.parts.cluster;
    const { hostParts, findings } = this.parts.passes;
    exposure.look();
    hostParts.kick('vxlanGuard');
    hostParts.kick('probe');
    hostParts.kick('uplinks');
    findings.look(view.current);
  }

  /** From now on what is not in the cluster goes, in the kernel and on the engine. */
  private async prune(isFirst: boolean): Promise<void> {
    const { host, upgrade, containers } = this.parts.passes;
    this.parts.ground.tenure.trust();
    upgrade.kick();
    host.kickAll();
    if (isFirst) await this.insist(this.rows.of('agent.reap'), () => containers.reapDead());
    this.parts.cluster.copy.soon();
    void this.parts.registry.cooldown.load();
    this.news.followEngine(this.ending.signal);
  }

  /** Tries until it works: Consul may come long after us. */
  private async insist(rows: RowsOf<Reason>, work: () => Promise<void>): Promise<void> {
    await insist(rows.row(), this.ending.signal, work);
  }
}

const atMost = (ms: number, works: readonly unknown[]) => Promise.race([Promise.all(works), sleep(ms)]);

/** One server for each socket, which all answer the same. */
async function serveAll(config: Config, log: Log, parts: Parts): Promise<readonly Server[]> {
  const { networkDriver, ipamDriver } = parts.drivers;
  const routes = makeRoutes(networkDriver, ipamDriver, config.scope);
  const app = makeApp(routes, log, () => parts.passes.restarts.kick(), parts.ground.measures);
  return Promise.all(config.sockets.map((path) => serve(app, path)));
}
