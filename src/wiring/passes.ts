/** The loops that keep the host, its engine and its part of the cluster right. */

import type { Config } from '../config/config.js';
import { DockerEngine } from '../engine/docker.js';
import type { Log } from '../health/events.js';
import type { Meter } from '../health/measures.js';
import type { Rows } from '../health/rows.js';
import { Accelerator } from '../kernel/host-parts/accelerator.js';
import { LinuxHostParts } from '../kernel/host-parts/host-parts.js';
import { SYSCTLS } from '../model/host/sysctls.js';
import { isEncrypted } from '../model/plan/underlay.js';
import { familyOf } from '../model/values/address.js';
import { DOCKER_SOCKET } from '../model/values/names.js';
import { Findings } from '../reconcile/cluster/findings.js';
import { NodePass } from '../reconcile/cluster/node-pass.js';
import { UpgradePass } from '../reconcile/cluster/upgrade-pass.js';
import { Calmer } from '../reconcile/engine/calmer.js';
import { ContainerPass } from '../reconcile/engine/container-pass.js';
import { EnginePass } from '../reconcile/engine/engine-pass.js';
import { ForeignPass } from '../reconcile/engine/foreign-pass.js';
import { GwbridgeMaker } from '../reconcile/engine/gwbridge-maker.js';
import { RestartPass } from '../reconcile/engine/restart-pass.js';
import { HostPass } from '../reconcile/host/host-pass.js';
import { AcceleratorPlanner } from '../reconcile/host-parts/accelerator-planner.js';
import { ConsulGuardPlanner } from '../reconcile/host-parts/consul-guard-planner.js';
import { EncryptionFencePlanner } from '../reconcile/host-parts/encryption-fence-planner.js';
import { GwbridgePlanner } from '../reconcile/host-parts/gwbridge-planner.js';
import { HostPartsPass } from '../reconcile/host-parts/host-parts-pass.js';
import { always } from '../reconcile/host-parts/planner.js';
import { ProbePlanner } from '../reconcile/host-parts/probe-planner.js';
import { UplinksPlanner } from '../reconcile/host-parts/uplinks-planner.js';
import { VxlanGuardPlanner } from '../reconcile/host-parts/vxlan-guard-planner.js';
import { Inspection } from '../reconcile/inspection/inspection.js';
import { CryptPlanner } from '../reconcile/mesh/crypt-planner.js';
import { KeyRotation } from '../reconcile/mesh/key-rotation.js';
import type { ClusterView } from '../store/view/cluster-view.js';
import type { ClusterParts } from './cluster.js';
import type { Ground } from './ground.js';
import type { Names } from './names.js';
import type { Registry } from './registry.js';

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
  const upgrade = new UpgradePass({ store, versioned, log, rows });
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
  const { kernel, facts, meshKeys, self, tenure, measures: meter } = ground;
  const { view, local, membership, registration } = cluster;
  const { advertise: address, vxlanPort: port, encryption: settings } = config;
  const node = new NodePass({ kernel, registration, facts, rows });
  const accelerator = new AcceleratorPlanner({
    ...{ mode: config.accelerate, local: address, port, isGuarded: config.vxlanGuard !== 'off' },
    row: rows.of('host.acceleration').row(),
  });
  const crypt = new CryptPlanner({
    ...{ view, membership, tenure, settings, keys: meshKeys },
    rotation: new KeyRotation({ keys: meshKeys, everyMs: settings.rotationMs, log }),
    self: { id: self, address },
    underlayMtu: () => node.facts.underlayMtu,
    hasWireguard: () => kernel.wireguard.isThere(),
  });
  registration.setCrypt(crypt.told);
  crypt.onKeys(() => {
    registration.setCrypt(crypt.told);
    node.kick();
  });
  const wish = {
    ...{ kernel, view, local, membership, tenure },
    peers: registry.peers,
    self: {
      ...{ id: self, address, port, mtu: () => node.facts.underlayMtu, acceleration: () => accelerator.acceleration },
      get meshVteps() {
        return crypt.meshVteps;
      },
    },
  };
  const host = new HostPass({ ...wish, log, meter, rows });
  accelerator.onDecided(() => host.kickAll());
  crypt.onVteps(() => {
    for (const [id, { options }] of view.current.networks)
      if (membership.networks.has(id) && isEncrypted(options)) host.kick(id);
  });
  const around = { ground, view, docker, node, meter, crypt, accelerator };
  const parts = makeHostParts(config, log, rows, around);
  return { node, host, crypt, ...parts, inspection: new Inspection({ ...wish, hostParts: parts.hostParts }) };
}

interface Around {
  readonly ground: Pick<Ground, 'kernel' | 'meshKeys' | 'tenure'>;
  readonly crypt: CryptPlanner;
  readonly accelerator: AcceleratorPlanner;
  readonly view: ClusterView;
  readonly docker: DockerEngine;
  readonly node: NodePass;
  readonly meter: Meter;
}

/** What is the host's own and no network's. */
function makeHostParts(config: Config, log: Log, rows: Rows, around: Around) {
  const { ground, view, docker, node, meter, crypt, accelerator } = around;
  const { tenure } = ground;
  const { advertise: self, vxlanPort: port, vxlanGuard: mode, gwbridge: wish } = config;
  const maker = new GwbridgeMaker({ engine: docker, wish, log, rows: rows.of('engine.gwbridge') });
  const probePlanner = new ProbePlanner({ self, port, view, facts: () => node.facts });
  const planners = {
    vxlanGuard: new VxlanGuardPlanner({ view, self, isWanted: mode !== 'off', log }),
    consulGuard: new ConsulGuardPlanner({
      servers: config.consulGuard ? (config.consul?.servers ?? []) : [],
      bridges: () => docker.bridges(),
      row: rows.of('guard.consul-names').row(),
    }),
    gwbridge: new GwbridgePlanner({ wish, view, facts: () => node.facts }),
    uplinks: new UplinksPlanner(view),
    sysctls: always<'sysctls'>(SYSCTLS),
    encryptionFence: new EncryptionFencePlanner({ view, tenure }),
    probe: probePlanner,
    crypt,
    accelerator,
  };
  const { shortWays } = ground.kernel;
  const underlay = new Accelerator({ mode: config.accelerate, shortWays, local: self, port });
  const kernel = new LinuxHostParts({
    ...{ underlay: familyOf(self), mode, port, accelerator: underlay },
    crypt: {
      ...{ spaces: ground.kernel.mesh, onHost: ground.kernel.wireguard },
      privateKey: (key) => ground.meshKeys.privateKey(key),
    },
  });
  const hostParts = new HostPartsPass({
    ...{ kernel, planners, port, log, meter, rows },
    requestGwbridge: (subnet) => void maker.make(subnet),
  });
  return { hostParts, probePlanner };
}

/** What they compare the cluster with is the engine's. */
function makeEnginePasses(
  log: Log,
  rows: Rows,
  { ground, cluster, registry, names }: Below,
  engine: DockerEngine,
  host: HostPass,
) {
  const { kernel, memory, identity, self, tenure, drain } = ground;
  const { view, membership, local } = cluster;
  const { networks, endpoints, endpointLeases, pools, underway } = registry;
  const foreign = new ForeignPass({ engine, networks: names.foreign, rows });
  return {
    engine: new EnginePass({ engine, view, self, networks, memory, identity, tenure, underway, log, rows }),
    containers: new ContainerPass({
      ...{
        engine,
        view,
        endpoints,
        endpointLeases,
        pools,
        membership,
        memory,
        local,
        tenure,
        host,
        foreign,
        log,
        rows,
      },
      calmer: new Calmer(kernel, log),
      onPlaced: () => names.sandboxes.sync(),
    }),
    restarts: new RestartPass({ engine, identity, drain, log, rows: rows.of('engine.restart') }),
  };
}
