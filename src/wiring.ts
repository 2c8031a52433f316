/** Makes every part of tsoverlay and gives each the others that it needs: nothing runs yet. */
import type { Logger } from 'pino';
import { Antispoof } from './api/antispoof.js';
import { IpamDriver } from './api/ipam-driver.js';
import { NetworkDriver } from './api/network-driver.js';
import type { Config } from './config/config.js';
import { Sandboxes } from './dns/serving/sandboxes.js';
import { DnsService } from './dns/serving/service.js';
import { DockerEngine } from './engine/docker.js';
import { messageOf, UserError } from './errors.js';
import { LinuxKernel } from './kernel/host.js';
import { NftConsulGuard } from './kernel/rules/consul-guard.js';
import { VxlanGuard } from './kernel/rules/vxlan-guard.js';
import { readOrigin } from './kernel/system/origin.js';
import { raiseNeighbourLimits } from './kernel/system/sysctl.js';
import { familyOf } from './model/values/address.js';
import { nodeAddressTrouble } from './model/values/canonical.js';
import { keys } from './model/values/names.js';
import { reclaimEvents } from './reclaim-events.js';
import { Findings } from './reconcile/cluster/findings.js';
import { NodePass } from './reconcile/cluster/node-pass.js';
import { UpgradePass } from './reconcile/cluster/upgrade-pass.js';
import { ContainerPass } from './reconcile/engine/container-pass.js';
import { EnginePass } from './reconcile/engine/engine-pass.js';
import { ForeignPass } from './reconcile/engine/foreign-pass.js';
import { GwbridgeMaker } from './reconcile/engine/gwbridge-maker.js';
import { Inspector } from './reconcile/engine/inspector.js';
import { RestartPass } from './reconcile/engine/restart-pass.js';
import { ConsulGuardPass } from './reconcile/guards/consul-guard-pass.js';
import { ExposureWatch } from './reconcile/guards/exposure-watch.js';
import { GuardPass } from './reconcile/guards/guard-pass.js';
import { HostPass } from './reconcile/host/host-pass.js';
import { Underway } from './registry/changes/underway.js';
import { Endpoints } from './registry/endpoints/endpoints.js';
import { Macs } from './registry/endpoints/macs.js';
import { Peers } from './registry/endpoints/peers.js';
import { Healer } from './registry/healing/healer.js';
import { Reclaimer } from './registry/healing/reclaimer.js';
import { AddressCooldown } from './registry/ipam/address-cooldown.js';
import { Ipam } from './registry/ipam/ipam.js';
import { Leases } from './registry/ipam/leases.js';
import { Pools } from './registry/ipam/pools.js';
import { ForeignNetworks } from './registry/local/foreign-networks.js';
import { Heads } from './registry/local/heads.js';
import { LocalEndpoints } from './registry/local/local-endpoints.js';
import { Membership } from './registry/local/membership.js';
import { Networks } from './registry/networks/networks.js';
import { Identity } from './registry/nodes/identity.js';
import { NodeRegistration } from './registry/nodes/node-registration.js';
import { carriedBy, findSelf, SelfFinder } from './registry/nodes/self.js';
import { TenantStore, Tenure } from './registry/nodes/tenure.js';
import { lookForExposure } from './store/consul/exposure.js';
import { CopyKeeper } from './store/data-dir/cluster-copy.js';
import type { TellTrouble } from './store/data-dir/data-file.js';
import { HostMemory } from './store/data-dir/host-memory.js';
import { openStore } from './store/open.js';
import { reportOnce } from './store/records/report-once.js';
import { ClusterView } from './store/view/cluster-view.js';

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
  const finder = new SelfFinder({
    store: versioned,
    memory,
    origin,
    address,
    carried: () => carriedBy(kernel),
    onClone: (copied, id) =>
      log.warn({ copied, id }, "DATA_DIR is a copy of another host's: this host gets an id of its own"),
  });
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
  const local = new LocalEndpoints(memory.sandboxes, memory.lookups);
  const heads = new Heads(store, self);
  const events = reclaimEvents(log, () => registration.renew());
  const reclaimer = new Reclaimer({
    ...{ store, self, heads, local, events },
    used: (id) => (membership.own(id).some((e) => local.isLive(e.id)) ? view.current.networks.get(id) : undefined),
  });
  const exposure = new ExposureWatch(async () => (config.consul ? lookForExposure(config.consul) : new Map()), log);
  const view = new ClusterView(store, garbage, {
    isKnown: (lacking) => identity.isKnown(lacking),
    onDoubt: () => doubt.listener(),
    onTrouble: (e) => log.warn({ err: messageOf(e) }, 'what is gone from the store is not believed to be gone yet'),
    reclaim: (gone) => reclaimer.reclaim(gone),
    onReturn: () => exposure.look(),
  });
  const membership = new Membership({
    ...{ store, view, self, heads },
    onError: (e) => log.warn({ err: messageOf(e) }, 'a membership mark stays for now'),
  });
  const healer = new Healer({ store, self, heads, identity });
  const pools = new Pools({ store, view, self });
  const networks = new Networks({ store, view, self, pools });
  const leases = new Leases(store, view, pools);
  const released = new AddressCooldown(store, self);
  const ipam = new Ipam({ store, view, self, pools, leases, networks, membership, local, released, identity });
  const endpoints = new Endpoints({ store, view, self, networks, ipam, leases, membership, local, heads });
  const peers = new Peers({ view, self, local, leases, onChange: (network) => host.kick(network) });
  const docker = new DockerEngine(DOCKER_SOCKET, (e) =>
    log.warn({ err: messageOf(e) }, 'the engine does not answer yet'),
  );
  const gwbridge = new GwbridgeMaker({ engine: docker, view, wish: config.gwbridge, log });
  const registration = new NodeRegistration({
    store: versioned,
    self: { ...origin, id: self, address },
    tenure,
    onError: (e) => log.error(messageOf(e)),
    onMove: (former) => log.warn({ former, address }, 'this host has another address now; its former node key is gone'),
  });
  const node = new NodePass({
    kernel,
    registration,
    underlayMtu: facts.underlayMtu,
    gwbridgeMtu: config.gwbridge.mtu,
    makeGwbridge: (seen) => gwbridge.make(seen),
    log,
  });
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
  const engine = new EnginePass({ engine: docker, view, self, networks, memory, identity, tenure, underway, log });
  const inspector = new Inspector(docker, log);
  const foreignNetworks = new ForeignNetworks(local);
  const foreign = new ForeignPass({ engine: docker, networks: foreignNetworks, inspector, log });
  const containers = new ContainerPass({
    engine: docker,
    ...{ view, endpoints, pools, membership, memory, local, tenure, host, inspector, foreign, log },
    onPlaced: () => sandboxes.sync(),
  });
  const restarts = new RestartPass({ engine: docker, identity, log });
  const dns = new DnsService(log);
  const sandboxes = new Sandboxes({ view, local, self, peers, dns, foreign: foreignNetworks });
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
  const advice = new Findings(address, log);
  const upgrade = new UpgradePass({ store, versioned, log });
  const macs = new Macs(store, view);
  const networkDriver = new NetworkDriver({
    ...{ networks, endpoints, local, memory, host, containers, sandboxes, macs, underway },
    antispoof: new Antispoof(config.antispoof, () => kernel.canFilter()),
    onRemoval: (text) => log.warn(text),
  });
  const ipamDriver = new IpamDriver({ pools, ipam, networks, underway, defaultPools: config.defaultPools });
  return {
    self,
    finder,
    tenure,
    peers,
    guard,
    consulGuard,
    advice,
    upgrade,
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
