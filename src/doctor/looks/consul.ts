/** What doctor asks of each server of the store: how fast it is, whether it has a leader, its clock, and what our token may. */
import http from 'node:http';
import https from 'node:https';
import { isStoreError, messageOf } from '../../errors.js';
import { deniedIn } from '../../store/consul/answer.js';
import { agentFor, type ConsulTls } from '../../store/consul/client.js';
import { PROBED_KEYS } from '../../store/consul/exposure.js';
import { ConsulServers } from '../../store/consul/servers.js';
import { ConsulSessions } from '../../store/consul/session.js';
import { ConsulToken } from '../../store/consul/token.js';
import { toTxn } from '../../store/consul/txn.js';

export interface ConsulSettings {
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  readonly prefix: string;
  readonly tls?: ConsulTls;
  readonly token?: string;
  readonly tokenFile?: string;
}

export interface ServerLook {
  readonly address: string;
  /** Why it does not answer. */
  readonly away?: string;
  /** Of reads of one key, which the leader answers, sorted, ms. */
  readonly times: readonly number[];
  /** Its clock before ours, s; to a second, for that is how it tells. Undefined where it does not. */
  readonly ahead?: number;
  /** Keys that our token may not write; a session that it may not make is `sessions`. */
  readonly denied: readonly string[];
}

/** Enough for a tail to show, and done in a moment with one that is well. */
const READS = 25;
/** Of a slow one, fewer will do, ms. */
const LONG_ENOUGH_MS = 3_000;
const PATIENCE_MS = 2_000;
/** In the place of a leader's address. */
const NOBODY = Buffer.from('""');
/** No key ever has it: the write is refused after the right was looked at, and nothing changes. */
const NO_INDEX = Number.MAX_SAFE_INTEGER;

/** Never rejects. All servers at once. */
export const lookAtConsul = (settings: ConsulSettings, reads = READS): Promise<readonly ServerLook[]> =>
  Promise.all(settings.servers.map((server) => lookAt(server, settings, reads)));

async function lookAt(
  server: ConsulSettings['servers'][number],
  settings: ConsulSettings,
  reads: number,
): Promise<ServerLook> {
  const { prefix, tls, token, tokenFile } = settings;
  const servers = new ConsulServers([server], tls, new ConsulToken(token, tokenFile));
  const { addresses: address } = servers;
  try {
    const times = await timesOf(servers, prefix, reads);
    const [{ ahead }, denied] = await Promise.all([statusOf(server, tls), deniedBy(servers, prefix)]);
    return { address, times, ...(ahead === undefined ? {} : { ahead }), denied };
  } catch (e) {
    // For a leader a server waits for seconds before it says that there is none.
    const isLed = await statusOf(server, tls).then(
      (status) => status.isLed,
      () => true,
    );
    return { address, away: isLed ? messageOf(e) : `Consul at ${address} knows no leader`, times: [], denied: [] };
  } finally {
    servers.close();
  }
}

async function timesOf(servers: ConsulServers, prefix: string, reads: number): Promise<readonly number[]> {
  const times: number[] = [];
  const end = performance.now() + LONG_ENOUGH_MS;
  for (let n = 0; n < reads && performance.now() < end; n++) {
    const began = performance.now();
    await servers.ask((consul, options) => consul.kv.get({ key: `${prefix}cluster`, ...options }), {
      repeatable: true,
      timeoutMs: PATIENCE_MS,
    });
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b);
}

/** Consul looks at all rights before it looks at any index, and names whatever it denies. */
async function deniedBy(servers: ConsulServers, prefix: string): Promise<readonly string[]> {
  const operations = toTxn(
    PROBED_KEYS.map((key) => ({ verb: 'update', key, value: '', index: NO_INDEX })),
    prefix,
  );
  const answer = await servers.ask(
    (consul, options) => consul.transaction.create(operations, { ...options, operations }),
    { repeatable: true, takesDenial: true, timeoutMs: PATIENCE_MS },
  );
  const keys = deniedIn(answer).flatMap((n) => (PROBED_KEYS[n] === undefined ? [] : [`${prefix}${PROBED_KEYS[n]}`]));
  return (await canHold(servers, prefix)) ? keys : [...keys, 'sessions'];
}

async function canHold(servers: ConsulServers, prefix: string): Promise<boolean> {
  const sessions = new ConsulSessions(servers, prefix, 10);
  try {
    await sessions.destroy(await sessions.create('tsoverlay doctor'));
    return true;
  } catch (e) {
    if (isStoreError(e) && !e.retryable) return false;
    throw e;
  }
}

interface Status {
  readonly ahead: number | undefined;
  readonly isLed: boolean;
}

/** By the answer to `GET /v1/status/leader`, which asks for no token, and waits for nobody. */
function statusOf({ host, port }: ConsulSettings['servers'][number], tls: ConsulTls | undefined): Promise<Status> {
  const { request } = tls === undefined ? http : https;
  const agent = agentFor(host, 1, tls);
  const where = { host, port, path: '/v1/status/leader', agent, timeout: PATIENCE_MS };
  return new Promise((resolve, reject) => {
    const began = Date.now();
    const asked = request(where, (answer) => {
      const theirs = Date.parse(answer.headers.date ?? '');
      // It says whole seconds, cut off, of a moment between the question and the answer.
      const ours = (began + Date.now()) / 2 - 500;
      const ahead = Number.isNaN(theirs) ? undefined : Math.round((theirs - ours) / 1000);
      answer.once('data', (bytes: Buffer) => resolve({ ahead, isLed: !bytes.equals(NOBODY) }));
      answer.once('end', () => resolve({ ahead, isLed: true })).once('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer'))).on('error', reject);
    asked.on('close', () => agent.destroy()).end();
  });
}
