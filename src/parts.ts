/** Makes every part of tsoverlay and gives each the others that it needs: nothing runs yet. */
import type { Logger } from 'pino';
import { Antispoof } from './api/antispoof.js';
import { IpamDriver } from './api/ipam-driver.js';
import { NetworkDriver } from './api/network-driver.js';
import type { Config } from './config.js';
import { Sandboxes } from './dns/sandboxes.js';
import { DnsService } from './dns/service.js';
import { DockerEngine } from './engine/docker.js';
import { messageOf, UserError } from './errors.js';
import { NftConsulGuard } from './kernel/consul-guard.js';
import { VxlanGuard } from './kernel/guard.js';
import { LinuxKernel } from './kernel/host.js';
import { readOrigin } from './kernel/origin.js';
import { raiseNeighbourLimits } from './kernel/sysctl.js';
import { familyOf } from './model/address.js';
import { nodeAddressTrouble } from './model/canonical.js';
import { keys } from './model/names.js';
import type { HostFacts } from './model/ports.js';
import type { Cidr, Ip } from './model/types.js';
import { gwbridgeSubnet } from './model/way-out.js';
import { reclaimEvents } from './reclaim-events.js';
import { Advice } from './reconcile/advice.js';
import { ConsulGuardPass } from './reconcile/consul-guard-pass.js';
import { ContainerPass } from './reconcile/container-pass.js';
import { EnginePass } from './reconcile/engine-pass.js';
import { ExposureWatch } from './reconcile/exposure-watch.js';
import { GuardPass } from './reconcile/guard-pass.js';
import { HostPass } from './reconcile/host-pass.js';
import { NodePass } from './reconcile/node-pass.js';
import { RestartPass } from './reconcile/restart-pass.js';
import { Endpoints } from './registry/endpoints.js';
import { Heads } from './registry/heads.js';
import { Healer } from './registry/healer.js';
import { Identity } from './registry/identity.js';
import { Ipam } from './registry/ipam.js';
import { LocalEndpoints } from './registry/local-endpoints.js';
import { Macs } from './registry/macs.js';
import { Membership } from './registry/membership.js';
import { Networks } from './registry/networks.js';
import { NodeRegistration } from './registry/node.js';
import { Peers } from './registry/peers.js';
import { Pools } from './registry/pools.js';
import { Reclaimer } from './registry/reclaimer.js';
import { Released } from './registry/released.js';
import { carriedBy, findSelf, SelfFinder } from './registry/self.js';
import { TenantStore, Tenure } from './registry/tenure.js';
import { Underway } from './registry/underway.js';
import { ClusterView } from './store/cluster.js';
import { lookForExposure } from './store/consul-exposure.js';
import { CopyKeeper } from './store/copy.js';
import type { TellTrouble } from './store/data-file.js';
import { HostMemory } from './store/memory.js';
import { openStore } from './store/open.js';
import { reportOnce } from './store/report-once.js';

const DOCKER_SOCKET = '/var/run/docker.sock';
/** How long a start waits for the store before it goes by what this host knew last, ms. */
export const PATIENCE_MS = 3_000;

export type Parts = Awaited<ReturnType<typeof assemble>>;

export async function assemble(config: Config, log: Logger) {
  const { advertise: address, vxlanPort: port } = config;
  const trouble = nodeAddressTrouble(address);
  if (trouble !== undefined)
    throw new UserError(
      `CLUSTER_ADVERTISE is ${address}, one of ${trouble}, at which no other host can reach this one; use another address`,
    );
  raiseNeighbourLimits();
  const kernel = new LinuxKernel({ advertise: address });
  const facts = await kernel.hostFacts();
  const tellTrouble: TellTrouble = (path, trouble, reason) =>
    log.error({ path, reason }, `a file of DATA_DIR ${trouble}; all goes on without it`);
  const memory = HostMemory.open(config.dataDir, tellTrouble);
  const versioned = await openStore(config, log);
  const identity = new Identity(versioned, memory, port);
  const copy = new CopyKeeper(config.dataDir, () => view.export(), tellTrouble);
  const origin = readOrigin();
  const finder = new SelfFinder(
    versioned,
    memory,
    origin,
    address,
    () => carriedBy(kernel),
    (copied, id) => log.warn({ copied, id }, "DATA_DIR is a copy of another host's: this host gets an id of its own"),
  );
  const settings = { check: () => Promise.all([versioned.check(), identity.check()]) };
  const self = await findSelf(finder, settings, () => copy.load()?.[keys.nodes] ?? [], PATIENCE_MS);
  const tenure = new Tenure(
    () => {
      log.info({ id: self, address }, 'this host has taken its node key');
      // At a start that is the agent's to do, once all has been read.
      if (!tenure.prunes) return;
      host.kickAll();
      engine.kick();
      containers.kickAll();
    },
    (reason) => log.error(reason.message),
  );
  const store = new TenantStore(versioned, tenure);
  const garbage = reportOnce(
    (key, reason) => log.error({ key, reason }, 'a record of the store is left out'),
    (count) => log.error({ count }, 'more records of the store are left out; tsoverlay status counts them'),
  );
  const doubt = { listener: () => {} };
  const local = new LocalEndpoints(memory.sandboxes);
  const heads = new Heads(store, self);
  const events = reclaimEvents(log, () => registration.renew());
  const reclaimer = new Reclaimer(store, self, heads, local, events, (id) =>
    membership.own(id).some((e) => local.isLive(e.id)) ? view.current.networks.get(id) : undefined,
  );
  const exposure = new ExposureWatch(async () => (config.consul ? lookForExposure(config.consul) : new Map()), log);
  const view = new ClusterView(store, garbage, {
    isKnown: () => identity.isKnown(),
    onDoubt: () => doubt.listener(),
    onTrouble: (e) => log.debug({ err: messageOf(e) }, 'what is gone from the store is not believed to be gone yet'),
    reclaim: (gone) => reclaimer.reclaim(gone),
    onReturn: () => exposure.look(),
  });
  const membership = new Membership(store, view, self, heads, (e) =>
    log.warn({ err: messageOf(e) }, 'a membership mark stays for now'),
  );
  const healer = new Healer(store, self, heads, identity);
  const pools = new Pools(store, view, self, config.defaultPools);
  const networks = new Networks(store, view, self, pools);
  const released = new Released(store, self);
  const ipam = new Ipam(store, view, self, pools, networks, membership, local, released, identity);
  const endpoints = new Endpoints(store, view, self, networks, ipam, membership, local, heads);
  const leases = { holder: async (pool: Cidr, ip: Ip) => (await ipam.leases.find(pool, ip))?.endpoint };
  const peers = new Peers(view, self, local, leases, (network) => host.kick(network));
  const docker = new DockerEngine(DOCKER_SOCKET, (e) =>
    log.warn({ err: messageOf(e) }, 'the engine does not answer yet'),
  );
  let making = false;
  const makeGwbridge = async ({ routes }: HostFacts) => {
    const subnet = config.gwbridge.subnet ?? gwbridgeSubnet(view.current.networks.values(), routes);
    if (subnet === undefined || making) return;
    making = true;
    try {
      if (await docker.ensureGwbridge({ ...config.gwbridge, subnet }))
        log.info({ subnet }, 'docker_gwbridge made before the engine does');
    } catch (e) {
      log.warn({ err: messageOf(e) }, 'docker_gwbridge is left to the engine');
    } finally {
      making = false;
    }
  };
  const registration = new NodeRegistration(
    versioned,
    { ...origin, id: self, address },
    tenure,
    (e) => log.error(messageOf(e)),
    (former) => log.warn({ former, address }, 'this host has another address now; its former node key is gone'),
  );
  const node = new NodePass(kernel, registration, facts.underlayMtu, config.gwbridge.mtu, makeGwbridge, log);
  const host = new HostPass(
    kernel,
    view,
    local,
    membership,
    peers,
    { id: self, address, port, mtu: () => node.underlayMtu },
    tenure,
    log,
  );
  const underway = new Underway();
  const engine = new EnginePass(docker, view, self, networks, memory, identity, tenure, underway, log);
  const containers = new ContainerPass(
    docker,
    view,
    endpoints,
    membership,
    memory,
    local,
    tenure,
    host,
    () => sandboxes.sync(),
    log,
  );
  const restarts = new RestartPass(docker, identity, log);
  const dns = new DnsService(log);
  const sandboxes = new Sandboxes(view, local, self, peers, dns);
  const guard = new GuardPass(
    new VxlanGuard(familyOf(address), config.vxlanGuard, port),
    view,
    address,
    port,
    config.vxlanGuard !== 'off',
    log,
  );
  const guarded = config.consulGuard ? (config.consul?.servers ?? []) : [];
  const consulGuard = new ConsulGuardPass(new NftConsulGuard(), guarded, () => docker.bridges(), log);
  const advice = new Advice(address, log);
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
    new Antispoof(config.antispoof, () => kernel.canFilter()),
    underway,
    (text) => log.warn(text),
  );
  const ipamDriver = new IpamDriver(pools, ipam, networks, underway);
  return {
    self,
    finder,
    tenure,
    peers,
    guard,
    consulGuard,
    advice,
    released,
    healer,
    reclaimer,
    copy,
    doubt,
    exposure,
    versioned,
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
