/** All that a bug report needs, file by file. What cannot be found out is said in its place. */
import { hostname, release, uptime } from 'node:os';
import { messageOf } from '../../errors.js';
import { LinuxKernel } from '../../kernel/host.js';
import { BUILD } from '../../store/records/record-version.js';
import { readEvents } from '../events/tail.js';
import type { Command } from '../frame/command.js';
import type { Desk } from '../frame/desk.js';
import { readRecords } from '../ipam/reading.js';
import { readCluster } from '../reading/cluster.js';
import { endpointShown, networkShown, redacted } from './redaction.js';

export type Bundle = Readonly<Record<string, string>>;

/** `commands`: whose output goes into it, by the name of the file. Never rejects. */
export async function bundle(desk: Desk, commands: Readonly<Record<string, Command>>): Promise<Bundle> {
  const parts: Readonly<Record<string, () => Promise<string>>> = {
    'about.json': async () => json(about(desk)),
    ...Object.fromEntries(
      Object.entries(commands).map(([name, command]) => [name, async () => (await linesOf(desk, command)).join('\n')]),
    ),
    'events.ndjson': async () => (readEvents(desk.adminSocket) ?? []).map((e) => JSON.stringify(e)).join('\n'),
    'records.json': async () => json(await records(desk)),
    'kernel.json': async () => json(await kernel(desk)),
  };
  const made = await Promise.all(
    Object.entries(parts).map(async ([name, part]) => {
      const text = await part().catch((e: unknown) => `it could not be found out: ${messageOf(e)}`);
      return [name, `${redacted(text, secretsOf(desk))}\n`] as const;
    }),
  );
  return Object.fromEntries(made);
}

function secretsOf(desk: Desk): readonly (string | undefined)[] {
  try {
    return [desk.settings.consul?.token];
  } catch {
    return [];
  }
}

const json = (value: unknown): string => JSON.stringify(value, null, 1);

async function linesOf(desk: Desk, { run }: Command): Promise<readonly string[]> {
  const { lines, errors = [] } = await run(desk, { args: [], options: {} });
  return [...lines, ...errors];
}

const about = ({ settings }: Desk): object => ({
  at: new Date().toISOString(),
  ...{ host: hostname(), linux: release(), arch: process.arch, node: process.version, uptime: Math.round(uptime()) },
  records: BUILD,
  settings: settings.typed,
});

async function records(desk: Desk): Promise<object> {
  const reading = await readCluster(desk, readRecords);
  if (reading.from === 'nowhere') return { error: reading.why };
  const { networks, endpoints, nodes, leases, pools, resting } = reading.value;
  return {
    from: reading.from,
    nodes,
    networks: networks.map(networkShown),
    endpoints: endpoints.map(endpointShown),
    ...{ leases, pools, resting },
  };
}

/** The host, and the namespace of each network. */
async function kernel({ settings: { advertise } }: Desk): Promise<object> {
  const linux = new LinuxKernel({ advertise });
  try {
    const facts = await linux.hostFacts().catch((e: unknown) => messageOf(e));
    const namespaces: Record<string, unknown> = {};
    for (const name of await linux.namespaces()) namespaces[name] = await linux.observe(name);
    return { facts, namespaces };
  } finally {
    linux.close();
  }
}
