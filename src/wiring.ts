/** Makes every part of tsoverlay and gives each the others that it needs: nothing runs yet. */
import { Antispoof } from './api/antispoof.js';
import { IpamDriver } from './api/ipam-driver.js';
import { NetworkDriver } from './api/network-driver.js';
import type { Config } from './config/config.js';
import { Sandboxes } from './dns/serving/sandboxes.js';
import { DnsService } from './dns/serving/service.js';
import { DockerEngine } from './engine/docker.js';
import { UserError } from './errors.js';
import type { Log } from './health/events.js';
import type { Rows } from './health/rows.js';
import { LinuxKernel } from './kernel/host.js';
import { NftConsulGuard } from './kernel/rules/consul-guard.js';
import { VxlanGuard } from './kernel/rules/vxlan-guard.js';
import { readOrigin } from './kernel/system/origin.js';
import { raiseNeighbourLimits } from './kernel/system/sysctl.js';
import type { Entry } from './model/ports/ports.js';
import { familyOf } from './model/values/address.js';
import { nodeAddressTrouble } from './model/values/canonical.js';
import { keys } from './model/values/names.js';
import type { Cidr, Ip } from './model/values/types.js';
import { Findings } from './reconcile/cluster/findings.js';
import { NodePass } from './reconcile/cluster/node-pass.js';
import { UpgradePass } from './reconcile/cluster/upgrade-pass.js';
import { ContainerPass } from './reconcile/engine/container-pass.js';
import { EnginePass } from './reconcile/engine/engine-pass.js';
import { GwbridgeMaker } from './reconcile/engine/gwbridge-maker.js';
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
import { reclaimLog } from './registry/healing/reclaim-log.js';
import { Reclaimer } from './registry/healing/reclaimer.js';
import { AddressCooldown } from './registry/ipam/address-cooldown.js';
import { Ipam } from './registry/ipam/ipam.js';
import { Pools } from './registry/ipam/pools.js';
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
import { HostMemory } from './store/data-dir/host-memory.js';
import { openStore } from './store/open.js';
import { LeftOut } from './store/records/left-out.js';
import { ClusterView } from './store/view/cluster-view.js';

const DOCKER_SOCKET = '/var/run/docker.sock';
/** How long a start waits for the store before it goes by what this host knew last, ms. */
export const PATIENCE_MS = 3_000;

export type Parts = Awaited<ReturnType<typeof assemble>>;

export async function assemble(config: Config, log: Log, rows: Rows) {
  const { advertise: address, vxlanPort: port } = config;
  const trouble = nodeAddressTrouble(address);
  if (trouble !== undefined)
    throw new UserError(
      `CLUSTER_ADVERTISE is ${address}, one of ${trouble}, at which no other host can reach this one; use another address`,
    );
  raiseNeighbourLimits();
  const kernel = new LinuxKernel({ advertise: address });
  const facts = await kernel.hostFacts();
  const memory = HostMemory.open(config.dataDir, rows);
  const versioned = await openStore(config, log, rows);
  const identity = new Identity(versioned, memory, port);
  const copy = new CopyKeeper(config.dataDir, () => view.export(), rows);
  const origin = readOrigin();
  const finder = new SelfFinder(
    versioned,
    memory,
    origin,
    address,
    () => carriedBy(kernel),
    (copied, id) =>
      log.warn(
        { event: 'id-copied', copied, id },
        "DATA_DIR is a copy of another host's: this host gets an id of its own",
      ),
  );
  const settings = { check: () => Promise.all([versioned.check(), identity.check()]) };
  const self = await findSelf(finder, settings, () => copy.load()?.[keys.nodes] ?? [], PATIENCE_MS);
  const tenure = new Tenure(() => {
    // At a start that is the agent's to do, once all has been read.
    if (!tenure.prunes) return;
    host.kickAll();
    engine.kick();
    containers.kickAll();
  }, rows.of('node.key').row());
  const store = new TenantStore(versioned, tenure);
  const doubt = { listener: () => {} };
  const local = new LocalEndpoints(memory.sandboxes, memory.lookups);
  const heads = new Heads(store, self);
  const events = reclaimLog(log, rows, () => registration.renew());
  const reclaimer = new Reclaimer(store, self, heads, local, events, (id) =>
    membership.own(id).some((e) => local.isLive(e.id)) ? view.current.networks.get(id) : undefined,
  );
  const exposure = new ExposureWatch(async () => (config.consul ? lookForExposure(config.consul) : new Map()), rows);
  const trust = {
    isKnown: (lacking: readonly string[]) => identity.isKnown(lacking),
    onDoubt: () => doubt.listener(),
    reclaim: (gone: readonly Entry[]) => reclaimer.reclaim(gone),
    onReturn: () => exposure.look(),
  };
  const view = new ClusterView(store, new LeftOut(rows), trust, rows);
  const membership = new Membership(store, view, self, heads, rows.of('node.member'));
  const healer = new Healer(store, self, heads, identity);
  const pools = new Pools(store, view, self, config.defaultPools);
  const networks = new Networks(store, view, self, pools);
  const released = new AddressCooldown(store, self);
  const ipam = new Ipam(store, view, self, pools, networks, membership, local, released, identity);
  const endpoints = new Endpoints(store, view, self, networks, ipam, membership, local, heads);
  const leases = { holder: async (pool: Cidr, ip: Ip) => (await ipam.leases.find(pool, ip))?.endpoint };
  const peers = new Peers(view, self, local, leases, (network) => host.kick(network));
  const docker = new DockerEngine(DOCKER_SOCKET, rows.of('engine.events').row());
  const gwbridge = new GwbridgeMaker(docker, view, config.gwbridge, log, rows.of('engine.gwbridge'));
  const registration = new NodeRegistration(
    versioned,
    { ...origin, id: self, address },
    tenure,
    (former) =>
      log.warn(
        { event: 'address-changed', former, address },
        'this host has another address now; its former node key is gone',
      ),
    rows.of('node.former').row(),
  );
  const node = new NodePass(
    kernel,
    registration,
    facts.underlayMtu,
    config.gwbridge.mtu,
    (seen) => gwbridge.make(seen),
    log,
    rows,
  );
  const host = new HostPass(
    kernel,
    view,
    local,
    membership,
    peers,
    { id: self, address, port, mtu: () => node.underlayMtu },
    tenure,
    log,
    rows,
  );
  const underway = new Underway();
  const engine = new EnginePass(docker, view, self, networks, memory, identity, tenure, underway, log, rows);
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
    rows,
  );
  const restarts = new RestartPass(docker, identity, log, rows.of('engine.restart'));
  const dns = new DnsService(log, rows);
  const sandboxes = new Sandboxes(view, local, self, peers, dns);
  const guard = new GuardPass(
    new VxlanGuard(familyOf(address), config.vxlanGuard, port),
    view,
    address,
    port,
    config.vxlanGuard !== 'off',
    log,
    rows.of('guard.vxlan'),
  );
  const guarded = config.consulGuard ? (config.consul?.servers ?? []) : [];
  const consulGuard = new ConsulGuardPass(new NftConsulGuard(), guarded, () => docker.bridges(), log, rows);
  const advice = new Findings(address, rows);
  const upgrade = new UpgradePass(store, versioned, rows);
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
    (text) => log.warn({ event: 'network-stays' }, text),
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
