/** What doctor's checks look at where the one that serves runs them, for other hosts: what it knows without asking. */

import type { Config } from '../config/config.js';
import { addressCandidates } from '../config/config.js';
import { isThere, once } from '../doctor/asked.js';
import { HOST_CHECKS } from '../doctor/checks/all.js';
import { examine } from '../doctor/examination.js';
import { lookAtConnections } from '../doctor/looks/connections.js';
import { lookAtConsul } from '../doctor/looks/consul.js';
import { type EngineLook, lookAtEngine } from '../doctor/looks/engine.js';
import { lookAtNames } from '../doctor/looks/names.js';
import { Proc } from '../doctor/looks/proc.js';
import { lookAtSourceNat } from '../doctor/looks/source-nat.js';
import { lookAtUnderlay } from '../doctor/looks/underlay.js';
import { containersOf } from '../doctor/own-containers.js';
import { type HostSurroundings, namedDifferences, type RowLook } from '../doctor/surroundings.js';
import { CATALOGUE } from '../health/catalogue.js';
import type { Rows } from '../health/rows.js';
import { Rtnetlink } from '../kernel/netlink/rtnetlink.js';
import { othersOf } from '../model/host/probe.js';
import { DOCKER_SOCKET } from '../model/values/names.js';
import type { NodeAddress, NodeId } from '../model/values/types.js';
import { MOST } from '../probe/hearing.js';
import type { Probes } from '../probe/probes.js';
import type { Inspection } from '../reconcile/inspection/inspection.js';
import type { LocalEndpoints } from '../registry/local/local-endpoints.js';
import type { Tenure } from '../registry/nodes/tenure.js';
import type { ClusterView } from '../store/view/cluster-view.js';

/** Of one check: whoever asks waits for it, ms. The longest takes some four seconds, and more where many hosts share a machine. */
const PATIENCE_MS = 7_000;
/**
 * Others that this host probes for somebody else: all hosts are asked within a few seconds, and each of them probing all would be
 * the square of the cluster. Each probes those that come after it.
 */
const MOST_PROBED = 4;

/** Of each server of the store, likewise: the one that asks has read it often enough by itself. */
const READS = 4;

export interface Examined {
  readonly config: Config;
  readonly self: NodeId;
  readonly rows: Pick<Rows, 'snapshot'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly local: Pick<LocalEndpoints, 'sandboxOf'>;
  readonly probes: Pick<Probes, 'probe'>;
  readonly inspection: Pick<Inspection, 'look'>;
  readonly tenure: Pick<Tenure, 'session'>;
}

/** One JSON value, as `probe/hearing.ts` reads it. Never rejects. */
export async function examineHere(parts: Examined): Promise<string> {
  const { findings, fine, unknown } = await examine(HOST_CHECKS, surroundingsOf(parts), PATIENCE_MS);
  return JSON.stringify({ findings: findings.slice(0, MOST), fine, unknown: Object.fromEntries(unknown) });
}

function surroundingsOf(parts: Examined): HostSurroundings {
  const { config, view, probes, inspection, tenure } = parts;
  const { advertise: self, vxlanPort: port } = config;
  const { nodes, networks } = view.current;
  const living = [...nodes.values()].filter(({ alive }) => alive);
  const others = othersOf({ self, nodes: new Map(living.map((node) => [node.id, node])) });
  const neighbours = following(self, [...others]).slice(0, MOST_PROBED);
  const proc = new Proc();
  const none = { endpoints: [], unreadable: [], versions: [] };
  const differences = once(() => inspection.look());
  const engine = once(() => lookAtEngine(DOCKER_SOCKET));
  const underlay = once(() => lookHere(self, [...others]));
  const names = once(() => namesOf(parts, engine));
  return {
    ...{ self, port, proc, scope: config.scope, vxlanGuard: config.vxlanGuard },
    advertise: { asked: config.typed.CLUSTER_ADVERTISE ?? '', candidates: addressCandidates() },
    isGwbridgeMtuChosen: config.gwbridge.mtu !== 'underlay',
    pid: async () => process.pid,
    rows: async () => troublesOf(parts),
    session: async () =>
      config.consul === undefined ? undefined : { ...tenure.session.report, servedMs: process.uptime() * 1_000 },
    differences: async () => {
      const { found, unseen } = await differences();
      return namedDifferences(found, unseen, networks.values());
    },
    names,
    underlay,
    sourceNat: async () => lookAtSourceNat(await underlay(), proc),
    consul: once(async () => (config.consul === undefined ? [] : lookAtConsul(config.consul, READS))),
    connections: async () => (config.consul === undefined ? [] : lookAtConnections(config.consul, proc)),
    cluster: async () => ({ ...none, nodes: [...nodes.values()], networks: [...networks.values()] }),
    engine,
    probes: once(async () => (neighbours.length === 0 ? [] : probes.probe(neighbours))),
  };
}

/** Round the ring of all, from this one on. */
function following(self: NodeAddress, others: readonly NodeAddress[]): readonly NodeAddress[] {
  const sorted = [...others].sort();
  return [...sorted.filter((address) => address > self), ...sorted.filter((address) => address < self)];
}

const troublesOf = ({ rows }: Pick<Examined, 'rows'>): readonly RowLook[] =>
  rows.snapshot.rows
    .filter(({ state }) => state === 'failing' || state === 'degraded')
    .map((row) => ({ ...row, cure: CATALOGUE[row.code].cure }));

async function namesOf(parts: Examined, engine: () => Promise<EngineLook>) {
  const { view, self, local } = parts;
  const { nodes, endpoints } = view.current;
  const cluster = {
    nodes: [...nodes.values()],
    endpoints: [...endpoints.values()].flatMap((all) => [...all.values()]),
  };
  return lookAtNames(
    containersOf(cluster, self, (e) => local.sandboxOf(e), troublesOf(parts)),
    await isThere(engine()),
  );
}

async function lookHere(self: string, peers: readonly string[]) {
  const host = new Rtnetlink();
  try {
    return await lookAtUnderlay(host, self, peers);
  } finally {
    host.close();
  }
}
