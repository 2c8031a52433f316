/** All parts of tsoverlay put together, started in an order that never prunes too early and serves at once. */
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { IpamDriver } from './api/ipam-driver.js';
import { NetworkDriver } from './api/network-driver.js';
import { makeRoutes } from './api/routes.js';
import { makeApp, serve } from './api/server.js';
import type { Config } from './config.js';
import { Sandboxes } from './dns/sandboxes.js';
import { DnsService } from './dns/service.js';
import { DockerEngine } from './engine/docker.js';
import { messageOf } from './errors.js';
import { VxlanGuard } from './kernel/guard.js';
import { LinuxKernel } from './kernel/host.js';
import { lockHost } from './kernel/lock.js';
import { raiseNeighbourLimits } from './kernel/sysctl.js';
import { familyOf } from './model/address.js';
import type { EngineEvent, Store } from './model/ports.js';
import type { NamespaceName } from './model/types.js';
import { ContainerPass } from './reconcile/container-pass.js';
import { EnginePass } from './reconcile/engine-pass.js';
import { GuardPass } from './reconcile/guard-pass.js';
import { HostPass } from './reconcile/host-pass.js';
import { NodePass } from './reconcile/node-pass.js';
import { RestartPass } from './reconcile/restart-pass.js';
import { Endpoints } from './registry/endpoints.js';
import { Healer } from './registry/healer.js';
import { Identity } from './registry/identity.js';
import { Ipam } from './registry/ipam.js';
import { LocalEndpoints } from './registry/local-endpoints.js';
import { Macs } from './registry/macs.js';
import { Membership } from './registry/membership.js';
import { Networks } from './registry/networks.js';
import { NodeRegistration } from './registry/node.js';
import { Pools } from './registry/pools.js';
import { Released } from './registry/released.js';
import { ClusterView } from './store/cluster.js';
import { ConsulStore } from './store/consul.js';
import { CopyKeeper, networksOf } from './store/copy.js';
import { FileStore } from './store/file.js';
import { HostMemory } from './store/memory.js';
import { reportOnce } from './store/records.js';

const DOCKER_SOCKET = '/var/run/docker.sock';
const RETRY_MS = 500;
/** How long a start waits for the store before it takes the copy in DATA_DIR, ms. */
const PATIENCE_MS = 3_000;

export class Agent {
  private readonly ending = new AbortController();

  private constructor(
    private readonly log: Logger,
    private readonly parts: Parts,
    private readonly servers: readonly Server[],
  ) {}

  /** Resolves once the sockets are served. Rejects with a UserError when a setting or the host forbids it. */
  static async start(config: Config, log: Logger): Promise<Agent> {
    const [socket] = config.sockets;
    lockHost(socket.replace(/(\.sock)?$/, '.lock'));
    const parts = await assemble(config, log);
    // Before the first call: what is attached already is live, its addresses are not up for grabs.
    const namespaces = await parts.host.adopt();
    const routes = makeRoutes(parts.networkDriver, parts.ipamDriver, config.scope);
    const app = makeApp(routes, log, () => parts.restarts.kick());
    const servers = await Promise.all(config.sockets.map((path) => serve(app, path)));
    const agent = new Agent(log, parts, servers);
    parts.doubt.listener = () => void agent.insist('the store could not be healed', () => agent.heal());
    log.info(
      { sockets: config.sockets, advertise: config.advertise, store: config.consul?.servers ?? 'embedded' },
      'serving',
    );
    void agent.run(namespaces);
    return agent;
  }

  async stop(): Promise<void> {
    this.ending.abort();
    const { host, engine, containers, node, dns, registration, store, kernel } = this.parts;
    for (const pass of [this.parts.restarts, host, engine, containers, node, this.parts.guard]) pass.stop();
    for (const server of this.servers) server.close();
    await dns.stop();
    await Promise.race([registration.release().catch(() => undefined), sleep(2_000)]);
    await store.close();
    kernel.close();
  }

  private async run(namespaces: readonly NamespaceName[]): Promise<void> {
    const { view, host, node, membership, sandboxes, docker, engine, containers, copy } = this.parts;
    node.kick();
    const loaded = this.insist('the cluster could not be loaded', () => this.load());
    await Promise.race([loaded, sleep(PATIENCE_MS)]);
    if (!view.current.complete) this.startFromCopy();
    view.onChange((_, changed) => {
      for (const network of changed.endpoints) host.kick(network);
      if (changed.networks) for (const network of membership.networks) host.kick(network);
      if (changed.networks) engine.kick();
      if (changed.networks || changed.nodes) this.parts.guard.kick();
      if (changed.endpoints.size > 0 || changed.networks) sandboxes.sync();
      copy.soon();
    });
    host.open();
    for (const name of namespaces) host.kickNamespace(name);
    for (const network of membership.networks) host.kick(network);
    sandboxes.sync();
    this.log.info({ networks: view.current.networks.size, nodes: view.current.nodes.size }, 'cluster loaded');
    await loaded;
    copy.soon();
    void this.parts.released.load();
    this.parts.guard.kick();
    const compare = () => {
      engine.kick();
      containers.kickAll();
      this.parts.restarts.kick();
    };
    docker.events((event) => this.onEvent(event), compare, this.ending.signal);
  }

  /** Reads the cluster; one that was wiped or replaced while we were away gets what the copy holds. */
  private async load(): Promise<void> {
    const { identity, membership, view } = this.parts;
    const id = await identity.read();
    if (identity.isStranger(id)) {
      this.startFromCopy();
      view.distrust();
      await this.heal();
    } else identity.adopt(id);
    view.start(this.ending.signal);
    await membership.load();
    await view.ready(10_000);
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

  private async heal(): Promise<void> {
    const { healer, view, node } = this.parts;
    const healing = await healer.heal(view.current);
    node.kick();
    this.log.warn(healing, 'the store was wiped or replaced; published what this host holds');
  }

  private onEvent(event: EngineEvent): void {
    const { engine, containers, node } = this.parts;
    if (event.type === 'network' && ['create', 'destroy'].includes(event.action)) engine.kick();
    const container = event.container;
    if (container === undefined || !['connect', 'start', 'rename'].includes(event.action)) return;
    containers.kick(container);
    node.kick();
  }

  /** Tries until it works: Consul may come long after us. */
  private async insist(complaint: string, work: () => Promise<void>): Promise<void> {
    for (let told = false; !this.ending.signal.aborted; told = true) {
      try {
        return await work();
      } catch (e) {
        if (!told) this.log.error({ err: messageOf(e) }, `${complaint}; trying on`);
        await sleep(RETRY_MS);
      }
    }
  }
}

type Parts = Awaited<ReturnType<typeof assemble>>;

async function assemble(config: Config, log: Logger) {
  const self = config.advertise;
  raiseNeighbourLimits();
  const kernel = new LinuxKernel({ advertise: self });
  const facts = await kernel.hostFacts();
  const memory = HostMemory.open(config.dataDir, (e) =>
    log.error({ err: messageOf(e) }, 'host.json is broken; starting without it'),
  );
  const store: Store = config.consul
    ? new ConsulStore(config.consul)
    : await FileStore.open(join(config.dataDir, 'store.json'), log);
  const garbage = reportOnce((key, reason) => log.error({ key, reason }, 'a record of the store is left out'));
  const identity = new Identity(store, memory);
  const doubt = { listener: () => {} };
  const view = new ClusterView(store, garbage, {
    isKnown: () => identity.isKnown(),
    onDoubt: () => doubt.listener(),
  });
  const local = new LocalEndpoints();
  const membership = new Membership(store, view, self, (e) =>
    log.warn({ err: messageOf(e) }, 'a membership mark stays for now'),
  );
  const healer = new Healer(store, self, identity);
  const copy = new CopyKeeper(
    config.dataDir,
    () => view.export(),
    (e) => log.error({ err: messageOf(e) }, 'the copy of the cluster in DATA_DIR cannot be read or written'),
  );
  const pools = new Pools(store, view, self, config.defaultPools);
  const networks = new Networks(store, view, self, pools);
  const released = new Released(store, self);
  const ipam = new Ipam(store, view, self, pools, membership, local, released);
  const endpoints = new Endpoints(store, view, self, networks, ipam, membership, local);
  const registration = new NodeRegistration(store, self, hostname(), (e) => log.error(messageOf(e)));
  const node = new NodePass(kernel, registration, facts.underlayMtu, log);
  const host = new HostPass(kernel, view, local, membership, { address: self, mtu: () => node.underlayMtu }, log);
  const docker = new DockerEngine(DOCKER_SOCKET, (e) =>
    log.warn({ err: messageOf(e) }, 'the engine does not answer yet'),
  );
  const engine = new EnginePass(docker, view, self, networks, memory, identity, log);
  const containers = new ContainerPass(docker, view, endpoints, membership, memory, local, log);
  const restarts = new RestartPass(docker, identity, log);
  const dns = new DnsService(log);
  const sandboxes = new Sandboxes(view, local, self, dns);
  const guard = new GuardPass(new VxlanGuard(familyOf(self)), view, self, config.vxlanGuard, log);
  const macs = new Macs(store, view);
  const networkDriver = new NetworkDriver(
    networks,
    endpoints,
    local,
    memory,
    host,
    containers,
    sandboxes,
    macs,
    (text) => log.warn(text),
  );
  const ipamDriver = new IpamDriver(pools, ipam, networks);
  return {
    self,
    guard,
    released,
    healer,
    copy,
    doubt,
    store,
    view,
    membership,
    identity,
    registration,
    kernel,
    docker,
    dns,
    sandboxes,
    node,
    host,
    engine,
    containers,
    restarts,
    networkDriver,
    ipamDriver,
  };
}
