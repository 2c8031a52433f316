/** The loops that keep the host, its engine and its part of the cluster right. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { DockerEngine } from '../engine/docker.js';
import { messageOf } from '../errors.js';
import { NftConsulGuard } from '../kernel/rules/consul-guard.js';
import { EncryptionFence } from '../kernel/rules/encryption-fence.js';
import { VxlanGuard } from '../kernel/rules/vxlan-guard.js';
import { familyOf } from '../model/values/address.js';
import { DEFAULT_MESH_PORT } from '../model/values/names.js';
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
import { FencePass } from '../reconcile/mesh/fence-pass.js';
import { MeshPass } from '../reconcile/mesh/mesh-pass.js';
import { Rotation } from '../reconcile/mesh/rotation.js';
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

export function makePasses(config: Config, log: Logger, below: Below) {
  const docker = new DockerEngine(DOCKER_SOCKET, (e) =>
    log.warn({ err: messageOf(e) }, 'the engine does not answer yet'),
  );
  const host = makeHostPasses(config, log, below, docker);
  const engine = makeEnginePasses(log, below, docker, host.host);
  const { store, versioned } = below.ground;
  const findings = new Findings(config.advertise, log);
  const upgrade = new UpgradePass({ store, versioned, log });
  return { docker, ...host, ...engine, findings, upgrade };
}

/** What they make right is in the kernel, and in this host's record. */
function makeHostPasses(config: Config, log: Logger, { ground, cluster, registry }: Below, docker: DockerEngine) {
  const { kernel, facts, meshKeys, self, tenure } = ground;
  const { view, local, membership, registration } = cluster;
  const { advertise: address, vxlanPort: port } = config;
  const gwbridge = new GwbridgeMaker({ engine: docker, view, wish: config.gwbridge, log });
  const node = new NodePass({
    ...{ kernel, registration, log },
    underlayMtu: facts.underlayMtu,
    gwbridgeMtu: config.gwbridge.mtu,
    makeGwbridge: (seen) => gwbridge.make(seen),
  });
  const rotation = new Rotation({ keys: meshKeys, everyMs: 0, log });
  const mesh = new MeshPass({
    ...{ kernel: kernel.mesh, view, keys: meshKeys, rotation, tenure, log },
    ...{ self: { id: self, address, keepalive: 0 }, port: DEFAULT_MESH_PORT },
    underlayMtu: () => node.underlayMtu,
    onKeys: (crypt) => {
      registration.setCrypt(crypt);
      node.kick();
    },
    onVteps: (networks) => {
      for (const network of networks) if (membership.networks.has(network)) host.kick(network);
    },
  });
  const host = new HostPass(
    kernel,
    view,
    local,
    membership,
    registry.peers,
    {
      ...{ id: self, address, port, mtu: () => node.underlayMtu },
      get meshVteps() {
        return mesh.meshVteps;
      },
    },
    tenure,
    log,
  );
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
  const fence = new FencePass({ fence: new EncryptionFence(), view, log });
  return { node, host, mesh, fence, guard, consulGuard };
}

/** What they compare the cluster with is the engine's. */
function makeEnginePasses(
  log: Logger,
  { ground, cluster, registry, names }: Below,
  engine: DockerEngine,
  host: HostPass,
) {
  const { memory, identity, self, tenure } = ground;
  const { view, membership, local } = cluster;
  const { networks, endpoints, pools, underway } = registry;
  return {
    engine: new EnginePass({ engine, view, self, networks, memory, identity, tenure, underway, log }),
    containers: new ContainerPass({
      ...{ engine, view, endpoints, pools, membership, memory, local, tenure, host, log },
      onPlaced: () => names.sandboxes.sync(),
    }),
    restarts: new RestartPass({ engine, identity, log }),
  };
}
