/** Whether somebody without a token can write our keys: whoever can, rules the networks of all hosts. */
import { isStoreError } from '../../errors.js';
import { keys } from '../../model/values/names.js';
import { deniedIn } from './answer.js';
import type { ConsulTls } from './client.js';
import { type ConsulAddress, ConsulServers } from './servers.js';
import { toTxn } from './txn.js';

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

/** By the address of each server that answered; undefined for one that is as it should be. */
export type Findings = ReadonlyMap<string, Exposure | undefined>;

/** No key ever has it, so an update that asks for it fails: after the right was looked at, and without a write. */
const NO_INDEX = Number.MAX_SAFE_INTEGER;
/** One key of each kind, for a right may be on some alone. */
export const PROBED_KEYS = [
  ...[
    keys.cluster,
    keys.node('0.0.0.0'),
    keys.network('0'),
    keys.name('0'),
    keys.vni(0),
    keys.pool('0'),
    keys.poolGuard,
  ],
  ...[
    keys.lease('0', '0'),
    keys.released,
    keys.endpoint('0', '0', '0'),
    keys.head('0', '0', '0'),
    keys.member('0', '0'),
  ],
];

/**
 * Whether each server takes writes without a token, by its address. Asks as a container could, without our token and our
 * certificate, and changes nothing. A server that does not answer shows nothing and is left out.
 */
export async function lookForExposure({ servers, prefix, tls }: ExposureOptions): Promise<Findings> {
  const found = await Promise.all(
    servers.map(async (server) => {
      const stranger = new ConsulServers([server], tls && (tls.ca ? { ca: tls.ca } : {}));
      const { addresses: address } = stranger;
      try {
        if (!(await canWrite(stranger, prefix))) return [[address, undefined] as const];
        return [[address, { address, acls: await hasAcls(stranger) }] as const];
      } catch (e) {
        if (isStoreError(e)) return [];
        throw e;
      } finally {
        stranger.close();
      }
    }),
  );
  return new Map(found.flat());
}

/** Rejects with a StoreError when there is no answer. */
async function canWrite(server: ConsulServers, prefix: string): Promise<boolean> {
  const operations = toTxn(
    PROBED_KEYS.map((key) => ({ verb: 'update', key, value: '', index: NO_INDEX })),
    prefix,
  );
  try {
    const answer = await server.ask(
      (consul, options) => consul.transaction.create(operations, { ...options, operations }),
      { repeatable: true, takesDenial: true },
    );
    // Consul looks at all rights before it looks at any index, and names whatever it denies.
    return answer.status === 409 && deniedIn(answer).length < operations.length;
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
