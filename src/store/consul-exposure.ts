/** Whether somebody without a token can write our keys: whoever can, rules the networks of all hosts. */
import { isStoreError } from '../errors.js';
import { keys } from '../model/names.js';
import { type ConsulAddress, ConsulServers, type ConsulTls } from './consul-servers.js';
import { commitOf, toTxn } from './consul-txn.js';

/** A server that takes writes from anybody. */
export interface Exposure {
  /** `host:port` */
  readonly address: string;
  /** False: its ACLs are off. True: they are on, and let requests without a token write. */
  readonly acls: boolean;
}

export interface ExposureOptions {
  readonly servers: readonly ConsulAddress[];
  readonly prefix: string;
  readonly tls?: ConsulTls;
}

/** No key ever has it, so an update that asks for it fails: after the right was looked at, and without a write. */
const NO_INDEX = Number.MAX_SAFE_INTEGER;
/** One key of each kind, for a right may be on some alone. */
const PROBES = [
  ...[
    keys.cluster,
    keys.node('0.0.0.0'),
    keys.network('0'),
    keys.name('0'),
    keys.vni(0),
    keys.pool('0'),
    keys.poolGuard,
  ],
  ...[keys.lease('0', '0'), keys.released, keys.endpoint('0', '0'), keys.member('0', '0')],
];

/**
 * The servers that take writes without a token. Asks as a container could, without our token and our certificate, and
 * changes nothing. A server that does not answer shows nothing and is left out.
 */
export async function findExposed({ servers, prefix, tls }: ExposureOptions): Promise<readonly Exposure[]> {
  const found = await Promise.all(
    servers.map(async (server) => {
      const stranger = new ConsulServers([server], tls && (tls.ca ? { ca: tls.ca } : {}));
      try {
        for (const key of PROBES)
          if (await canWrite(stranger, prefix + key))
            return { address: stranger.addresses, acls: await hasAcls(stranger) };
      } catch (e) {
        if (!isStoreError(e)) throw e;
      } finally {
        stranger.close();
      }
      return undefined;
    }),
  );
  return found.filter((exposure) => exposure !== undefined);
}

/** Rejects with a StoreError when there is no answer. */
async function canWrite(server: ConsulServers, key: string): Promise<boolean> {
  const operations = toTxn([{ verb: 'update', key, value: '', index: NO_INDEX }], '');
  try {
    const answer = await server.ask(
      (consul, options) => consul.transaction.create(operations, { ...options, operations }),
      { repeatable: true },
    );
    return !commitOf(answer).ok;
  } catch (e) {
    if (isStoreError(e) && !e.retryable) return false;
    throw e;
  }
}

/** Where ACLs are off, their API answers 401: https://developer.hashicorp.com/consul/api-docs/acl */
async function hasAcls(server: ConsulServers): Promise<boolean> {
  try {
    await server.ask((consul, options) => consul.acl.replication({ ...options }), { repeatable: true });
  } catch (e) {
    if (!isStoreError(e) || e.retryable) throw e;
    return e.status !== 401;
  }
  return true;
}

/** One sentence: what is wrong, and the cure. */
export const exposureWords = ({ address, acls }: Exposure): string =>
  acls
    ? `Consul at ${address} lets requests without a token write what tsoverlay keeps there, those of containers that reach it too: set default_policy = "deny", and take key rules away from its anonymous token and from tokens.default`
    : `Consul at ${address} has its ACLs off, so whoever reaches it can write what tsoverlay keeps there, containers too: turn them on as docs/plugin.md does, or keep containers away with CONSUL_GUARD=on`;
