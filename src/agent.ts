/** All parts of tsoverlay put together, started in an order that never prunes too early and serves at once. */
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { makeRoutes } from './api/routes.js';
import { makeApp, serve } from './api/server.js';
import type { Config } from './config/config.js';
import { isUserError, messageOf } from './errors.js';
import { insist } from './insist.js';
import { differing } from './model/diff/differing.js';
import type { EngineEvent } from './model/ports/engine-port.js';
import type { Cluster } from './model/values/types.js';
import { networksOf } from './store/data-dir/cluster-copy.js';
import type { ClusterChange } from './store/view/change-teller.js';
import { troublesOf } from './troubles.js';
import { assemble, PATIENCE_MS, type Parts } from './wiring.js';

/** How long a stop takes down what was put off, ms. */
const CATCH_UP_MS = 1_000;
/** How long a stop waits for the disk, ms. */
const COPY_MS = 2_000;

export interface AgentEvents {
  /** The store says that this host is another than this agent took itself for: it is to be stopped, and a new one started. */
  onOtherSelf(): void;
}

export class Agent {
  private isLoaded = false;
  private isReclaimed = false;
  private isToHeal = false;
  private healing: Promise<void> | undefined;
  private readonly ending = new AbortController();
  /** The networks that were there at the last change. */
  private known: Cluster['networks'] = new Map();

  private constructor(
    private readonly log: Logger,
    private readonly parts: Parts,
    private readonly servers: readonly Server[],
    private readonly events: AgentEvents,
  ) {}

  /** Resolves once the sockets are served. Rejects with a UserError when a setting or the host forbids it. */
  static async start(config: Config, log: Logger, isFirst: boolean, events: AgentEvents): Promise<Agent> {
    const began = performance.now();
    const parts = await assemble(config, log);
    // Before the first call: what is attached already is live, its addresses are not up for grabs.
    await parts.host.adopt();
    const routes = makeRoutes(parts.networkDriver, parts.ipamDriver, config.scope);
    const app = makeApp(
      routes,
      log,
      () => parts.restarts.kick(),
      () => troublesOf(parts),
    );
    const servers = await Promise.all(config.sockets.map((path) => serve(app, path)));
    const agent = new Agent(log, parts, servers, events);
    parts.doubt.listener = () => agent.healAgain();
    log.info(
      {
        sockets: config.sockets,
        id: parts.self,
        advertise: config.advertise,
        store: config.consul?.servers ?? 'embedded',
      },
      'serving',
    );
    void agent.run(isFirst, PATIENCE_MS - (performance.now() - began));
    return agent;
  }

  async stop(): Promise<void> {
    const { host, engine, containers, node, dns, peers, registration, store, kernel } = this.parts;
    await host.catchUp(CATCH_UP_MS);
    this.ending.abort();
    const { restarts, guard, consulGuard, exposure, advice, upgrade, copy } = this.parts;
    const passes = [restarts, host, engine, containers, node, guard, consulGuard, exposure, peers, advice, upgrade];
    for (const pass of passes) pass.stop();
    for (const server of this.servers) server.close();
    await Promise.all([dns.stop(), Promise.race([copy.flush(), sleep(COPY_MS)])]);
    await Promise.race([registration.release().catch(() => undefined), sleep(2_000)]);
    await store.close();
    kernel.close();
    // Whoever goes on talking to this one would talk to nobody.
    for (const server of this.servers) server.closeAllConnections();
  }

  private async run(isFirst: boolean, patienceMs: number): Promise<void> {
    const { view, host, node, membership, sandboxes, docker, engine, containers, copy, tenure } = this.parts;
    node.kick();
    this.parts.consulGuard.kick();
    void this.insist('it is not settled yet who this host is', () => this.settle());
    const loaded = this.insist('the cluster could not be loaded', () => this.load());
    await Promise.race([loaded, sleep(Math.max(0, patienceMs))]);
    if (!this.isLoaded) this.startFromCopy();
    this.known = view.current.networks;
    view.onChange((cluster, changed) => this.onChange(cluster, changed));
    host.open();
    for (const network of membership.networks) host.kick(network);
    sandboxes.sync();
    this.log.info({ networks: view.current.networks.size, nodes: view.current.nodes.size }, 'cluster loaded');
    await loaded;
    this.parts.exposure.look();
    this.parts.guard.kick();
    this.parts.advice.look(view.current);
    await tenure.taken();
    if (!this.isReclaimed) await this.insist('the cluster could not be loaded', () => this.reload());
    if (this.ending.signal.aborted) return;
    tenure.trust();
    this.parts.upgrade.kick();
    host.kickAll();
    if (isFirst) await this.insist('what died with the host could not be freed', () => containers.reapDead());
    copy.soon();
    void this.parts.released.load();
    const compare = () => {
      engine.kick();
      containers.kickAll();
      this.parts.restarts.look();
      this.parts.consulGuard.kick();
      node.kick();
    };
    docker.events((event) => this.onEvent(event), compare, this.ending.signal);
  }

  private onChange(cluster: Cluster, { networks, nodes, endpoints }: ClusterChange): void {
    const { host, membership, engine, node, guard, advice, sandboxes, containers, copy } = this.parts;
    const changed = differing(this.known, cluster.networks);
    this.known = cluster.networks;
    // News of networks without a changed record are of those that cannot be read.
    const about = networks && changed.length === 0 ? [...membership.networks] : changed;
    for (const id of new Set([...endpoints, ...about.filter((n) => membership.networks.has(n))])) host.kick(id);
    if (networks) {
      engine.compare();
      node.networksChanged();
    }
    if (networks || nodes) {
      guard.kick();
      advice.look(cluster);
    }
    if (endpoints.size > 0 || networks) sandboxes.sync();
    if (endpoints.size > 0) containers.lookForDead();
    copy.soon();
  }

  /** Publishes this host, once it is known who it is. */
  private async settle(): Promise<void> {
    const { identity, finder, self, registration, node, tenure } = this.parts;
    try {
      await identity.read();
      if ((await finder.find()) !== self) return this.events.onOtherSelf();
    } catch (e) {
      if (isUserError(e)) return tenure.forbid(e);
      tenure.wait(messageOf(e));
      throw e;
    }
    registration.open();
    node.kick();
  }

  /** Reads the cluster; one that was wiped or replaced while we were away gets what the copy holds. */
  private async load(): Promise<void> {
    const { copy, identity, membership, view, tenure } = this.parts;
    await this.parts.versioned.check();
    const id = await identity.read();
    const known = copy.load();
    if (known !== undefined) view.remember(known);
    if (identity.isStranger(id)) {
      this.startFromCopy();
      view.distrust();
      await tenure.taken();
      await this.heal();
      this.isReclaimed = true;
    } else {
      identity.adopt(id);
      await tenure.tried();
      if (tenure.holds) await this.reclaim();
    }
    view.start(this.ending.signal);
    await membership.load();
    await view.ready(10_000);
    this.isLoaded = true;
  }

  /** Before the endpoints are read, or at least before any is taken for gone: what others freed while we were away. */
  private async reclaim(): Promise<void> {
    await this.parts.reclaimer.reclaimMissing(Object.values(this.parts.copy.load() ?? {}).flat());
    this.isReclaimed = true;
  }

  private async reload(): Promise<void> {
    await this.reclaim();
    await this.parts.membership.load();
    await this.parts.view.ready(10_000);
  }

  /** Running containers get their network and names from what this host knew last. */
  private startFromCopy(): void {
    const { copy, membership, view, self } = this.parts;
    const prefixes = copy.load();
    if (prefixes === undefined) return;
    membership.adopt(networksOf(prefixes, self));
    view.seed(prefixes);
    this.log.warn('the store does not answer as expected; starting from the copy in DATA_DIR');
  }

  /** One at a time: whatever is doubted meanwhile makes exactly one more. */
  private healAgain(): void {
    this.isToHeal = true;
    this.healing ??= this.healAll().finally(() => {
      this.healing = undefined;
    });
  }

  private async healAll(): Promise<void> {
    while (this.isToHeal && !this.ending.signal.aborted) {
      this.isToHeal = false;
      await this.insist('the store could not be healed', () => this.heal());
    }
  }

  private async heal(): Promise<void> {
    const { healer, view, node } = this.parts;
    const healing = await healer.heal(view.current);
    node.kick();
    this.parts.exposure.look();
    this.log.warn(healing, 'the store was wiped or replaced; published what this host holds');
  }

  private onEvent(event: EngineEvent): void {
    const { engine, containers, node } = this.parts;
    if (event.type === 'bridge') {
      this.parts.consulGuard.kick();
      return;
    }
    if (event.type === 'foreign') {
      containers.onForeign(event);
      return;
    }
    if (event.type === 'container' && event.action === 'die') containers.ended(event.container);
    if (event.type === 'network' && ['create', 'destroy'].includes(event.action)) engine.look(event.network);
    if (event.action === 'disconnect' || event.action === 'destroy') engine.vacated();
    const container = event.container;
    if (container === undefined || !['connect', 'start', 'rename'].includes(event.action)) return;
    containers.kick(container);
    node.kick();
  }

  /** Tries until it works: Consul may come long after us. */
  private async insist(complaint: string, work: () => Promise<void>): Promise<void> {
    await insist(this.log, this.ending.signal, complaint, work);
  }
}
