/** What doctor's checks look at, on the host that this command runs on: each asked once. */

import { differencesExchange } from '../../admin/contract/differences.js';
import { MOST_PEERS, probeExchange } from '../../admin/contract/probe.js';
import { addressCandidates } from '../../config/config.js';
import { isThere, once } from '../../doctor/asked.js';
import { lookAtConnections } from '../../doctor/looks/connections.js';
import { lookAtConsul } from '../../doctor/looks/consul.js';
import { type EngineLook, lookAtEngine } from '../../doctor/looks/engine.js';
import { lookAtFirewall } from '../../doctor/looks/firewall.js';
import { lookAtNames, type NamesLook } from '../../doctor/looks/names.js';
import { Proc } from '../../doctor/looks/proc.js';
import { lookAtSourceNat } from '../../doctor/looks/source-nat.js';
import { lookAtUnderlay } from '../../doctor/looks/underlay.js';
import { containersOf } from '../../doctor/own-containers.js';
import {
  type ClusterLook,
  type DifferenceLook,
  namedDifferences,
  type RowLook,
  type Surroundings,
} from '../../doctor/surroundings.js';
import { UserError } from '../../errors.js';
import { Rtnetlink } from '../../kernel/netlink/rtnetlink.js';
import type { Probed } from '../../model/probe/passage.js';
import { familyOf } from '../../model/values/address.js';
import { DOCKER_SOCKET } from '../../model/values/names.js';
import type { NodeAddress } from '../../model/values/types.js';
import type { Desk } from '../frame/desk.js';
import { lookAtAddresses } from '../ipam/look.js';
import { probeAlone } from '../probing/alone.js';
import { type Agent, lookAtAgent } from '../reading/agent.js';
import { readCluster } from '../reading/cluster.js';
import { ownMemory } from '../reading/containers.js';
import { readStatus, versionLines } from '../status.js';
import { type Ask, type Probing, probeRounds, probingOf, type Round } from './rounds.js';

const PROBES_MS = 8_000;
const DIFFERENCES_MS = 7_000;
/** Two looks at all records that have to do with addresses, with a pause in between, s. */
const LEAKED_S = 7;

type Serving = Exclude<Agent, { readonly away: string }>;

export interface CommandSurroundings extends Surroundings {
  /** All others that live, as they are probed. */
  rounds(): Promise<readonly Round[]>;
  /** Who of them could not be, and why. Rejects as {@link Surroundings.probes} does. */
  unprobed(): Promise<Probing['unprobed']>;
}

export function surroundingsOf(desk: Desk): CommandSurroundings {
  const { settings } = desk;
  const agent = once(() => lookAtAgent(desk));
  const cluster = once(() => clusterOf(desk));
  const underlay = once(async () => underlayOf(settings.advertise, (await cluster()).nodes));
  const engine = once(() => lookAtEngine(DOCKER_SOCKET));
  const serving = async (): Promise<Serving> => {
    const found = await agent();
    if ('away' in found) throw new UserError(found.away);
    return found;
  };
  const proc = new Proc();
  const until = performance.now() + PROBES_MS;
  const rounds = once(async () => {
    const [peers, found] = await Promise.all([cluster().then((all) => othersIn(all, settings.advertise)), agent()]);
    const isAway = 'away' in found;
    const ask: Ask = (some, patienceMs) => (isAway ? probesAlone(desk, some, peers) : probesOf(desk, some, patienceMs));
    return probeRounds(inAnyOrder(peers), ask, until);
  });
  const probing = once(async () => probingOf(await rounds()));
  return {
    rounds,
    unprobed: async () => (await probing()).unprobed,
    self: settings.advertise,
    port: settings.vxlanPort,
    proc,
    advertise: { asked: settings.typed.CLUSTER_ADVERTISE ?? '', candidates: addressCandidates() },
    isGwbridgeMtuChosen: settings.gwbridge.mtu !== 'underlay',
    vxlanGuard: settings.vxlanGuard,
    scope: settings.scope,
    pid: async () => {
      const found = await agent();
      return 'away' in found ? undefined : found.agent.pid;
    },
    rows: async (): Promise<readonly RowLook[]> => (await serving()).rows.filter(({ state }) => state !== 'pending'),
    session: async () => {
      const { session, started } = (await serving()).agent;
      if (settings.consul === undefined) return undefined;
      return { ageMs: session.ageMs, lost: session.lost, servedMs: Date.now() - Date.parse(started) };
    },
    differences: once(async () => {
      await serving();
      return differencesOf(desk, cluster);
    }),
    names: once(async () => namesOf(desk, await serving(), cluster, engine)),
    underlay,
    sourceNat: async () => lookAtSourceNat(await underlay(), proc),
    firewall: once(async () => {
      const { advertise: self, vxlanPort: port } = settings;
      const peers = inAnyOrder(othersIn(await cluster(), self));
      return lookAtFirewall({ self, port, peers, proc, underlay: await underlay() });
    }),
    consul: once(async () => (settings.consul === undefined ? [] : lookAtConsul(settings.consul))),
    connections: async () => (settings.consul === undefined ? [] : lookAtConnections(settings.consul, proc)),
    cluster,
    leaked: () => leakedIn(desk),
    engine,
    probes: async () => (await probing()).found,
  };
}

/** Those that live, and can be sent to. */
const othersIn = ({ nodes }: ClusterLook, self: NodeAddress): readonly NodeAddress[] =>
  nodes
    .filter(({ address, alive }) => alive && address !== self && familyOf(address) === familyOf(self))
    .map(({ address }) => address);

/** Not always the same are left for the end, for which there may be no time. */
const inAnyOrder = (peers: readonly NodeAddress[]): readonly NodeAddress[] =>
  peers.length <= MOST_PEERS ? peers : [...peers].sort(() => Math.random() - 0.5);

async function probesOf(desk: Desk, peers: readonly NodeAddress[], patienceMs: number): Promise<readonly Probed[]> {
  const { hosts } = await desk.ask(probeExchange, { peers: [...peers] }, patienceMs);
  return hosts.map((found) => ({ ...found, peer: found.peer as NodeAddress }));
}

/** `all`: those of earlier questions keep their ways, for they may be asked for more. */
async function probesAlone(desk: Desk, peers: readonly NodeAddress[], all: readonly NodeAddress[]) {
  const reading = await readCluster(desk, readStatus);
  if (reading.from === 'nowhere') throw new UserError(reading.why);
  return probeAlone(desk, reading.value, peers, all);
}

async function differencesOf(desk: Desk, cluster: () => Promise<ClusterLook>): Promise<readonly DifferenceLook[]> {
  const { found, unseen } = await desk.ask(differencesExchange, {}, DIFFERENCES_MS);
  const { networks } = await cluster();
  return namedDifferences(found, unseen, networks);
}

async function namesOf(
  desk: Desk,
  { rows }: Pick<Serving, 'rows'>,
  cluster: () => Promise<ClusterLook>,
  engine: () => Promise<EngineLook>,
): Promise<readonly NamesLook[]> {
  const { node, sandboxes } = ownMemory(desk);
  if (node === undefined) return [];
  const containers = containersOf(await cluster(), node.id, ({ id }) => sandboxes.get(id), rows);
  return lookAtNames(containers, await isThere(engine()));
}

/** From the store, or what this host knew last. */
async function clusterOf(desk: Desk): Promise<ClusterLook> {
  const reading = await readCluster(desk, async (records, store) => {
    const [status, standing] = await Promise.all([readStatus(records), store?.look()]);
    return { ...status, versions: versionLines(standing) };
  });
  if (reading.from === 'nowhere') throw new UserError(`the cluster is not known: ${reading.why}`);
  return reading.value;
}

/** Not of what this host knew last, which is of several moments. Apart from the cluster: probes wait for that. */
async function leakedIn(desk: Desk): Promise<number> {
  const { holdings } = await desk.withStore((store) => lookAtAddresses(store), LEAKED_S);
  return holdings.filter(({ standing }) => standing === 'leaked').length;
}

async function underlayOf(self: NodeAddress, nodes: ClusterLook['nodes']) {
  const host = new Rtnetlink();
  try {
    return await lookAtUnderlay(
      host,
      self,
      nodes.filter(({ alive }) => alive).map(({ address }) => address),
    );
  } finally {
    host.close();
  }
}
