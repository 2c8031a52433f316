/** What `tsoverlay status` says of what it has looked at. */
import * as z from 'zod';
import { type AgentStatus, type StatusRow, statusExchange } from '../admin/contract/status.js';
import { isEncrypted } from '../model/plan/underlay.js';
import { encryptionLines } from './encryption.js';
import type { Exit, Report } from './frame/command.js';
import { secondsOf } from './frame/desk.js';
import { percentOf, sizeWords } from './ipam/fill.js';
import type { Agent } from './reading/agent.js';
import type { Reading } from './reading/cluster.js';
import type { GuardLook } from './reading/guard.js';
import type { ThisCluster } from './reading/this-cluster.js';
import { mattering, minorIn, minorLines, rowLines } from './rows.js';
import { guardLines, mtuOf, type Status } from './status.js';

const { agent, store, rows, encryption } = statusExchange.answer.shape;

export const statusJson = z.object({
  agent: agent.nullable().describe('the one that serves on this host; null when nobody answers'),
  away: z.string().optional().describe('that nobody answers, and since when'),
  store: store.nullable().describe('as the one that serves has it'),
  encryption: encryption.nullable().describe('as the one that serves has it'),
  rows: rows.describe('what is not as it should be on this host, with its cure'),
  minor: rows.describe('the same of little weight: nothing of the containers depends on it'),
  read: z.object({
    from: z.enum(['store', 'copy', 'nowhere']).describe("where nodes and networks are from; copy: this host's own"),
    ms: z.number().optional().describe('how long Consul took to answer'),
    at: z.iso.datetime().optional().describe("of the copy's last change"),
    error: z.string().optional().describe('why the store was not read'),
  }),
  nodes: z.array(
    z.object({
      id: z.string(),
      address: z.string().describe('its VTEP'),
      hostname: z.string(),
      alive: z.boolean(),
      mtu: z.int(),
      release: z.string().optional().describe('of tsoverlay there; absent of those before it was told'),
      reads: z.int().describe('the newest version of records that its release reads'),
      encrypts: z.boolean().describe('it has a WireGuard key'),
      endpoints: z.int(),
    }),
  ),
  networks: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      subnets: z.array(z.object({ pool: z.string(), vni: z.int() })),
      mtu: z.int().optional().describe("the underlay's, where the network was made with one"),
      containerMtu: z.int().optional().describe('what containers of this host have on it'),
      encrypted: z.boolean(),
      endpoints: z.int().describe('from a copy: of networks that this host takes part in'),
    }),
  ),
  pools: z
    .array(z.object({ pool: z.string(), network: z.string(), size: z.number(), held: z.int(), cooling: z.int() }))
    .readonly()
    .describe('addresses that can be given out, that somebody has, that were given up a moment ago; none from a copy'),
  guard: z
    .record(z.string(), z.int())
    .nullable()
    .describe(
      'datagrams that the guard of this host has dropped, by chain; null where there is none, or it cannot be seen',
    ),
  warnings: z
    .array(z.string())
    .readonly()
    .describe(
      "that the address is another host's; that anybody may write to Consul, which alone leaves the exit status at 0",
    ),
});

export interface Looks {
  readonly agent: Agent;
  readonly cluster: Reading<ThisCluster>;
  readonly guard: GuardLook;
  /** UDP port of VXLAN. */
  readonly port: number;
  readonly troubles: readonly string[];
}

export function statusReport({ agent, cluster, guard, port, troubles }: Looks): Report<z.input<typeof statusJson>> {
  const isAway = 'away' in agent;
  const seen = cluster.from === 'nowhere' ? undefined : cluster.value;
  const warnings = [...(seen?.warnings ?? []), ...(seen?.exposed ?? [])];
  const wrong = isAway
    ? []
    : mattering(
        agent.rows,
        warnings.map((words) => words.replace(/^warning: /, '')),
      );
  const told = isAway ? [agent.away] : [...rowLines(wrong, agent.more), ...minorLines(agent.rows)];
  const why = cluster.from === 'store' ? [] : [cluster.why];
  const pools = seen === undefined ? [] : poolLines(seen);
  return {
    lines: [
      ...(seen?.lines ?? []),
      ...pools,
      ...hostLines(agent),
      ...(isAway ? [] : encryptionLines(agent.encryption)),
      storeLine(cluster),
      ...(guard.hidden === undefined
        ? guardLines(guard.drops, port)
        : [`whether UDP ${port} of this host is guarded cannot be seen: ${guard.hidden}`]),
      ...warnings,
      ...told,
    ],
    json: {
      ...(isAway
        ? { agent: null, away: agent.away, store: null, encryption: null }
        : { agent: agent.agent, store: agent.store, encryption: agent.encryption }),
      rows: wrong,
      minor: isAway ? [] : minorIn(agent.rows),
      read: readJson(cluster),
      ...(seen === undefined ? { nodes: [], networks: [], pools: [] } : clusterJson(seen)),
      guard: guard.drops === undefined ? null : Object.fromEntries(guard.drops),
      warnings,
    },
    exit: exitOf(cluster, [
      ...(isAway ? [agent.away] : wrong.filter(hinders)),
      ...(seen?.warnings ?? []),
      ...troubles,
      ...pools.filter((line) => line.startsWith('warning')),
    ]),
    errors: [...troubles, ...why],
  };
}

/** What works in spite of it (`degraded`, such as a record that somebody wrote by hand) is told, and hinders only if it is grave. */
export const hinders = ({ state, severity }: StatusRow): boolean =>
  severity === 'high' || (severity === 'medium' && state !== 'degraded');

const exitOf = ({ from }: Reading<ThisCluster>, wrong: readonly unknown[]): Exit =>
  from === 'nowhere' ? 2 : from === 'copy' || wrong.length > 0 ? 1 : 0;

function hostLines(agent: Agent): readonly string[] {
  if ('away' in agent) return [];
  const { id, address, pid, started, key } = agent.agent;
  const holds = key === 'held' ? '' : `, its node key ${key}`;
  return [
    `this host: ${address}, id ${id.slice(0, 8)}, serves since ${secondsOf(started)} as process ${pid}${holds}`,
    `  ${knownLine(agent.store)}`,
  ];
}

/** What the one that serves goes by. */
function knownLine({ servers, confirmed, answered }: AgentStatus['store']): string {
  const last = answered === null ? 'has not answered yet' : `answered last at ${secondsOf(answered)}`;
  const when = servers.length === 0 ? 'is a file of this host' : last;
  return confirmed
    ? `all that it knows of the cluster is from the store, which ${when}`
    : `some of what it knows of the cluster is from its copy; the store ${when}`;
}

function storeLine(cluster: Reading<ThisCluster>): string {
  if (cluster.from === 'nowhere') return 'store: it was not read, and this host has no copy of what it knew';
  if (cluster.from === 'copy')
    return `store: it was not read; nodes and networks are what this host knew at ${secondsOf(cluster.at)}`;
  const { ms } = cluster.value;
  return ms === undefined ? 'store: a file of this host' : `store: Consul answers in ${ms.toFixed(1)} ms`;
}

function poolLines({ fill, status }: ThisCluster): readonly string[] {
  const names = new Map(status.networks.map((n) => [n.id, n.announced?.name ?? n.id.slice(0, 12)]));
  return fill.map((f) => {
    const { pool, network, held, size, cooling } = f;
    const rest = cooling === 0 ? '' : `, ${cooling} rest`;
    const words = `pool ${pool} of ${names.get(network)}: ${held} of ${sizeWords(size)} addresses are held, ${percentOf(f)} %${rest}`;
    return held < size ? words : `warning: ${words}; no container gets another one`;
  });
}

const readJson = (cluster: Reading<ThisCluster>) => ({
  from: cluster.from,
  ...(cluster.from === 'store' ? { ms: cluster.value.ms } : { error: cluster.why }),
  ...(cluster.from === 'copy' ? { at: cluster.at.toISOString() } : {}),
});

function clusterJson({ self, status, fill }: ThisCluster) {
  const { nodes, networks, endpoints } = status;
  const counted = (is: (e: Status['endpoints'][number]) => boolean): number => endpoints.filter(is).length;
  return {
    nodes: nodes.map(({ id, address, hostname, alive, mtu, reads, release, crypt }) => ({
      ...(release === undefined ? {} : { release }),
      ...{ id, address, hostname, alive, mtu, reads, encrypts: crypt !== undefined },
      endpoints: counted((e) => e.node === id),
    })),
    networks: networks.map((network) => {
      const { id, announced, outdone, subnets, mtu, options } = network;
      const containerMtu = mtuOf(network, status, self);
      return {
        ...{ id, name: announced?.name ?? outdone, mtu, containerMtu, encrypted: isEncrypted(options) },
        subnets: subnets.map(({ pool, vni }) => ({ pool, vni })),
        endpoints: counted((e) => e.network === id),
      };
    }),
    pools: fill,
  };
}
