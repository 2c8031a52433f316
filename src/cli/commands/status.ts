import { z } from 'zod';
import { type AgentStatus, statusExchange } from '../../admin/contract/status.js';
import { messageOf } from '../../errors.js';
import { NOBODY } from '../../health/row.js';
import { VxlanGuard } from '../../kernel/rules/vxlan-guard.js';
import { readOrigin } from '../../kernel/system/origin.js';
import { familyOf } from '../../model/values/address.js';
import type { GuardDrops } from '../../model/values/types.js';
import { lookForExposure } from '../../store/consul/exposure.js';
import { HostMemory } from '../../store/data-dir/host-memory.js';
import { isAway } from '../agent-client.js';
import { command } from '../command.js';
import type { Desk } from '../desk.js';
import { mattering, rowLines } from '../rows.js';
import { addressLines, exposureLines, guardLines, readStatus, type Status, statusLines, versionLines } from '../status.js';

const json = z.object({
  /** The one that serves on this host; null when nobody answers. */
  agent: statusExchange.answer.shape.agent.nullable(),
  /** Why nobody answers, and since when. */
  away: z.string().optional(),
  rows: statusExchange.answer.shape.rows,
  /** Why the cluster is not shown. */
  error: z.string().optional(),
  nodes: z.array(
    z.object({
      id: z.string(),
      address: z.string(),
      hostname: z.string(),
      alive: z.boolean(),
      mtu: z.int(),
      endpoints: z.int(),
    }),
  ),
  networks: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      subnets: z.array(z.object({ pool: z.string(), vni: z.int() })),
      endpoints: z.int(),
    }),
  ),
  /** Datagrams that the guard of this host has dropped, by chain; null where it is not guarded, or cannot be seen. */
  guard: z.record(z.string(), z.int()).nullable(),
  warnings: z.array(z.string()).readonly(),
});

export const status = command({
  usage: 'status',
  about: 'nodes, networks, what waits for a host to return, and what this host has kept out',
  example: 'tsoverlay status --json',
  json,
  async run(desk) {
    const [agent, cluster] = await Promise.all([lookAtAgent(desk), lookAtCluster(desk)]);
    const guard = lookAtGuard(desk);
    const rows = 'away' in agent ? [] : mattering(agent.rows);
    const troubles = 'away' in agent ? [agent.away] : rowLines(agent);
    const told = { agent: 'away' in agent ? null : agent.agent, ...('away' in agent ? agent : {}), rows };
    if ('error' in cluster)
      return {
        // What keeps this process from the store may have been told to that one.
        lines: [...guard.lines, ...troubles],
        json: { ...told, error: cluster.error, nodes: [], networks: [], guard: guard.json, warnings: [] },
        exit: 2,
        errors: [cluster.error],
      };
    const { lines, warnings, ...shown } = cluster;
    // What the server says, too, is said once.
    const said = troubles.filter((line) => !warnings.some((words) => line.includes(words)));
    return {
      lines: [...lines, ...guard.lines, ...warnings, ...said],
      json: { ...told, ...shown, guard: guard.json, warnings },
      exit: troubles.length + warnings.length > 0 ? 1 : 0,
    };
  },
});

async function lookAtAgent(desk: Desk): Promise<AgentStatus | { readonly away: string }> {
  try {
    return await desk.ask(statusExchange, {});
  } catch (e) {
    return { away: isAway(e) ? await desk.away() : messageOf(e) };
  }
}

async function lookAtCluster(desk: Desk) {
  try {
    return await desk.withStore(async (store) => {
      const { consul } = desk.settings;
      const [status, standing, findings] = await Promise.all([
        readStatus(store),
        store.look(),
        consul ? lookForExposure(consul) : new Map(),
      ]);
      return {
        lines: [...statusLines(status), ...versionLines(standing)],
        warnings: [...refusalOf(desk, status), ...exposureLines(findings)],
        ...countsOf(status),
      };
    });
  } catch (e) {
    return { error: messageOf(e) };
  }
}

function countsOf({ nodes, networks, endpoints }: Status) {
  return {
    nodes: nodes.map(({ id, address, hostname, alive, mtu }) => ({
      ...{ id, address, hostname, alive, mtu },
      endpoints: endpoints.filter((e) => e.node === id).length,
    })),
    networks: networks.map(({ id, announced, outdone, subnets }) => ({
      id,
      name: announced?.name ?? outdone,
      subnets: subnets.map(({ pool, vni }) => ({ pool, vni })),
      endpoints: endpoints.filter((e) => e.network === id).length,
    })),
  };
}

/** A line when this host must leave all alone, for another one has its address. */
function refusalOf(desk: Desk, status: Status): readonly string[] {
  const { advertise, dataDir } = desk.settings;
  const { hostname, boot } = readOrigin();
  const id = HostMemory.open(dataDir, NOBODY).node?.id;
  return addressLines(status, { id, address: advertise, hostname, boot });
}

/** The guard of the host that this runs on. */
function lookAtGuard(desk: Desk) {
  const { advertise, vxlanPort } = desk.settings;
  const guard = new VxlanGuard(familyOf(advertise), 'off', vxlanPort);
  try {
    const drops: GuardDrops | undefined = guard.drops();
    return { lines: guardLines(drops, vxlanPort), json: drops === undefined ? null : Object.fromEntries(drops) };
  } catch (e) {
    const words = `whether UDP ${vxlanPort} of this host is guarded cannot be seen: ${messageOf(e)}`;
    return { lines: [words], json: null };
  } finally {
    guard.close();
  }
}
