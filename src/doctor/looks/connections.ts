/** How many connections this host has to each of Consul's servers, and how many one address may have there. */
import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import * as z from 'zod';
import { ConsulServers } from '../../store/consul/servers.js';
import { ConsulToken } from '../../store/consul/token.js';
import type { ConsulSettings } from './consul.js';
import type { Proc } from './proc.js';

export interface ConnectionsLook {
  readonly address: string;
  readonly open: number;
  /** Infinite where the server has no limit. */
  readonly most: number;
}

/** Consul's default of `limits.http_max_conns_per_client`, for a server that does not tell our token. */
const DEFAULT_MOST = 200;
const PATIENCE_MS = 2_000;
/** `TCP_ESTABLISHED` of include/net/tcp_states.h. */
const ESTABLISHED = '01';

const self = z.object({ DebugConfig: z.object({ HTTPMaxConnsPerClient: z.int() }) });

/** Of all programs of this host. Never rejects. */
export async function lookAtConnections(settings: ConsulSettings, proc: Proc): Promise<readonly ConnectionsLook[]> {
  const remotes = remotesIn(proc);
  return Promise.all(
    settings.servers.map(async ({ host, port }) => {
      const found = await lookup(host, { all: true }).catch(() => []);
      const ends = new Set(found.flatMap(({ address }) => hexesOf(address).map((hex) => `${hex}:${hex16(port)}`)));
      const open = remotes.filter((remote) => ends.has(remote)).length;
      return { open, ...(await limitOf({ host, port }, settings)) };
    }),
  );
}

/** Far ends of connections, as /proc/net/tcp and tcp6 write them. */
const remotesIn = (proc: Proc): readonly string[] =>
  ['net/tcp', 'net/tcp6'].flatMap((file) =>
    (proc.text(file) ?? '').split('\n').flatMap((line) => {
      const [, , remote, state] = line.trim().split(/\s+/);
      return remote !== undefined && state === ESTABLISHED ? [remote] : [];
    }),
  );

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
    const most = self.safeParse(body).data?.DebugConfig.HTTPMaxConnsPerClient ?? DEFAULT_MOST;
    return { address, most: most > 0 ? most : Number.POSITIVE_INFINITY };
  } catch {
    return { address, most: DEFAULT_MOST };
  } finally {
    servers.close();
  }
}
