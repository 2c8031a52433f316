/** What doctor's checks look at where the one that serves runs them, for other hosts: what it knows without asking. */
import type { Config } from '../config/config.js';
import { addressCandidates } from '../config/config.js';
import { HOST_CHECKS } from '../doctor/checks/all.js';
import { examine } from '../doctor/examination.js';
import { lookAtConsul } from '../doctor/looks/consul.js';
import { lookAtEngine } from '../doctor/looks/engine.js';
import { Proc } from '../doctor/looks/proc.js';
import { lookAtUnderlay } from '../doctor/looks/underlay.js';
import type { Surroundings } from '../doctor/surroundings.js';
import { CATALOGUE } from '../health/catalogue.js';
import type { Rows } from '../health/rows.js';
import { Rtnetlink } from '../kernel/netlink/rtnetlink.js';
import { othersOf } from '../model/host/probe.js';
import { MOST } from '../probe/hearing.js';
import type { Probes } from '../probe/probes.js';
import type { ClusterView } from '../store/view/cluster-view.js';

const ENGINE = '/var/run/docker.sock';
/** Of one check: whoever asks waits for it, ms. */
const PATIENCE_MS = 5_000;
/** Others that this host probes for somebody else. */
const MOST_PROBED = 32;

export interface Examined {
  readonly config: Config;
  readonly rows: Pick<Rows, 'snapshot'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly probes: Pick<Probes, 'probe'>;
}

/** One JSON value, as `probe/hearing.ts` reads it. Never rejects. */
export async function examineHere(parts: Examined): Promise<string> {
  const { findings, fine, unknown } = await examine(HOST_CHECKS, surroundingsOf(parts), PATIENCE_MS);
  return JSON.stringify({ findings: findings.slice(0, MOST), fine, unknown: Object.fromEntries(unknown) });
}

function surroundingsOf({ config, rows, view, probes }: Examined): Surroundings {
  const { advertise: self, vxlanPort: port } = config;
  const { nodes, networks } = view.current;
  const living = [...nodes.values()].filter(({ alive }) => alive);
  const others = othersOf({ self, nodes: new Map(living.map((node) => [node.id, node])) });
  const none = { endpoints: [], unreadable: [], versions: [], leaked: 0 };
  return {
    ...{ self, port, proc: new Proc(), scope: config.scope },
    advertise: { asked: config.typed.CLUSTER_ADVERTISE ?? '', candidates: addressCandidates() },
    isGwbridgeMtuChosen: config.gwbridge.mtu !== 'underlay',
    pid: async () => process.pid,
    rows: async () =>
      rows.snapshot.rows
        .filter(({ state }) => state === 'failing' || state === 'degraded')
        .map((row) => ({ ...row, cure: CATALOGUE[row.code].cure })),
    underlay: () => lookHere(self, [...others]),
    consul: async () => (config.consul === undefined ? [] : lookAtConsul(config.consul)),
    cluster: async () => ({ ...none, nodes: [...nodes.values()], networks: [...networks.values()] }),
    engine: () => lookAtEngine(ENGINE),
    probes: async () => (others.size === 0 ? [] : probes.probe([...others].slice(0, MOST_PROBED))),
  };
}

async function lookHere(self: string, peers: readonly string[]) {
  const host = new Rtnetlink();
  try {
    return await lookAtUnderlay(host, self, peers);
  } finally {
    host.close();
  }
}
