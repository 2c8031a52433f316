/** The loops that keep the host, its engine and its part of the cluster right. */
import type { Config } from '../config/config.js';
import { DockerEngine } from '../engine/docker.js';
import type { Log } from '../health/events.js';
import type { Rows } from '../health/rows.js';
import { NftConsulGuard } from '../kernel/rules/consul-guard.js';
import { VxlanGuard } from '../kernel/rules/vxlan-guard.js';
import { familyOf } from '../model/values/address.js';
import { Findings } from '../reconcile/cluster/findings.js';
import { NodePass } from '../reconcile/cluster/node-pass.js';
import { UpgradePass } from '../reconcile/cluster/upgrade-pass.js';
import { ContainerPass } from '../reconcile/engine/container-pass.js';
import { EnginePass } from '../reconcile/engine/engine-pass.js';
import { GwbridgeMaker } from '../reconcile/engine/gwbridge-maker.js';
import { RestartPass } from '../reconcile/engine/restart-pass.js';
import { ConsulGuardPass } from '../reconcile/guards/consul-guard-pass.js';
import { GuardPass } from '../reconcile/guards/guard-pass.js';
import { HostPass } from '../reconcile/host/host-pass.js';
import type { ClusterParts } from './cluster.js';
import type { Ground } from './ground.js';
import type { Names } from './names.js';
import type { Registry } from './registry.js';

const DOCKER_SOCKET = '/var/run/docker.sock';

export type Passes = ReturnType<typeof makePasses>;

export interface Below {
  readonly ground: Ground;
  readonly cluster: ClusterParts;
  readonly registry: Registry;
  readonly names: Names;
}

export function makePasses(config: Config, log: Log, rows: Rows, below: Below) {
  const docker = new DockerEngine(DOCKER_SOCKET, rows.of('engine.events').row());
  const host = makeHostPasses(config, log, rows, below, docker);
  const engine = makeEnginePasses(log, rows, below, docker, host.host);
  const { store, versioned } = below.ground;
  const findings = new Findings(config.advertise, rows);
  const upgrade = new UpgradePass({ store, versioned, rows });
  return { docker, ...host, ...engine, findings, upgrade };
}

/** What they make right is in the kernel, and in this host's record. */
function makeHostPasses(
  config: Config,
  log: Log,
  rows: Rows,
  { ground, cluster, registry }: Below,
  docker: DockerEngine,
) {
  const { kernel, facts, self, tenure } = ground;
  const { view, local, membership, registration } = cluster;
  const { advertise: address, vxlanPort: port } = config;
  const gwbridge = new GwbridgeMaker({
    engine: docker,
    view,
    wish: config.gwbridge,
    log,
    rows: rows.of('engine.gwbridge'),
  });
  const node = new NodePass({
    ...{ kernel, registration, log, rows },
    underlayMtu: facts.underlayMtu,
    gwbridgeMtu: config.gwbridge.mtu,
    makeGwbridge: (seen) => gwbridge.make(seen),
  });
  const host = new HostPass(
    kernel,
    view,
    local,
    membership,
    registry.peers,
    { id: self, address, port, mtu: () => node.underlayMtu },
    tenure,
    log,
    rows,
  );
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
  return { node, host, guard, consulGuard };
}

/** What they compare the cluster with is the engine's. */
function makeEnginePasses(
  log: Log,
  rows: Rows,
  { ground, cluster, registry, names }: Below,
  engine: DockerEngine,
  host: HostPass,
) {
  const { memory, identity, self, tenure } = ground;
  const { view, membership, local } = cluster;
  const { networks, endpoints, endpointLeases, pools, underway } = registry;
  return {
    engine: new EnginePass({ engine, view, self, networks, memory, identity, tenure, underway, log, rows }),
    containers: new ContainerPass({
      ...{ engine, view, endpoints, endpointLeases, pools, membership, memory, local, tenure, host, log, rows },
      onPlaced: () => names.sandboxes.sync(),
    }),
    restarts: new RestartPass({ engine, identity, log, rows: rows.of('engine.restart') }),
  };
}
