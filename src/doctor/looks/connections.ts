/** How many connections this host has to each of Consul's servers, and how many one address may have there. */
import ipaddr from 'ipaddr.js';
import * as z from 'zod';
import { ConsulServers } from '../../store/consul/servers.js';
import { ConsulToken } from '../../store/consul/token.js';
import { Addresses } from './addresses.js';
import type { ConsulSettings } from './consul.js';
import type { Proc } from './proc.js';

export interface ConnectionsLook {
  readonly address: string;
  readonly open: number;
  /** Infinite where the server has no limit; undefined where it does not tell our token, which needs `agent:read` for it. */
  readonly most: number | undefined;
}

const PATIENCE_MS = 2_000;
/** `TCP_ESTABLISHED` of include/net/tcp_states.h. */
const ESTABLISHED = '01';
/** Of the process: whoever looks waits for the same resolver. */
const ADDRESSES = new Addresses();

const self = z.object({ DebugConfig: z.object({ HTTPMaxConnsPerClient: z.int() }) });

/** Of all programs of this host. Never rejects. */
export async function lookAtConnections(
  settings: ConsulSettings,
  proc: Proc,
  addresses: Addresses = ADDRESSES,
): Promise<readonly ConnectionsLook[]> {
  const ends = await Promise.all(
    settings.servers.map(async ({ host, port }) =>
      (await addresses.of(host)).flatMap((address) => hexesOf(address).map((hex) => `${hex}:${hex16(port)}`)),
    ),
  );
  const open = await countOf(ends, proc);
  return Promise.all(
    settings.servers.map(async (server, n) => ({ open: open[n] ?? 0, ...(await limitOf(server, settings)) })),
  );
}

/** How many connections lead to any of these ends, as /proc/net/tcp and tcp6 write them: hosts have a hundred thousand. */
async function countOf(ends: readonly (readonly string[])[], proc: Proc): Promise<readonly number[]> {
  const counts = ends.map(() => 0);
  for (const file of ['net/tcp', 'net/tcp6'])
    for await (const lines of proc.lines(file))
      for (const [n, all] of ends.entries())
        for (const end of all) counts[n] = (counts[n] ?? 0) + timesIn(lines, ` ${end} ${ESTABLISHED} `);
  return counts;
}

function timesIn(text: string, word: string): number {
  let times = 0;
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) times++;
  return times;
}

/** Words of four bytes in the host's order; what speaks IPv4 through a socket of IPv6 has both. */
function hexesOf(ip: string): readonly string[] {
  const parsed = ipaddr.parse(ip);
  const all = parsed instanceof ipaddr.IPv4 ? [parsed, parsed.toIPv4MappedAddress()] : [parsed];
  return all.map((one) => Buffer.from(one.toByteArray()).swap32().toString('hex').toUpperCase());
}

const hex16 = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

async function limitOf(
  server: ConsulSettings['servers'][number],
  { tls, token, tokenFile }: ConsulSettings,
): Promise<Omit<ConnectionsLook, 'open'>> {
  const servers = new ConsulServers([server], tls, new ConsulToken(token, tokenFile));
  const { addresses: address } = servers;
  try {
    const { body } = await servers.ask((consul, options) => consul.agent.self(options), {
      ...{ repeatable: true, timeoutMs: PATIENCE_MS },
    });
    const most = self.safeParse(body).data?.DebugConfig.HTTPMaxConnsPerClient;
    return { address, most: most === undefined || most > 0 ? most : Number.POSITIVE_INFINITY };
  } catch {
    return { address, most: undefined };
  } finally {
    servers.close();
  }
}
