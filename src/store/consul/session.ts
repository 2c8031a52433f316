/** Sessions and the keys they hold: https://developer.hashicorp.com/consul/docs/dynamic-app-config/sessions */
import * as z from 'zod';
import { readBody } from './answer.js';
import type { ConsulServers } from './servers.js';
import { commitOf, entriesOf, type HeldEntry, lockTxn, relockTxn, type TxnOperation } from './txn.js';

const created = z.object({ ID: z.string() });

export class ConsulSessions {
  constructor(
    readonly servers: ConsulServers,
    readonly prefix: string,
    /** Consul ends a session that was not renewed for this long, and up to twice as long. 10 or more. */
    readonly ttlSeconds: number,
  ) {}

  /**
   * A new session's id. An empty `checks` binds it to no health check: Consul would else take serfHealth, and end
   * the session when the agent we ask is lost, not when we are.
   */
  async create(name: string): Promise<string> {
    const answer = await this.servers.ask(
      (consul, options) =>
        consul.session.create({
          name,
          ttl: `${this.ttlSeconds}s`,
          behavior: 'release',
          lockdelay: '0s',
          checks: [],
          ...options,
        }),
      // A session too many ends by itself.
      { repeatable: true },
    );
    return readBody(answer, created).ID;
  }

  /** False when the session is no more. */
  async renew(id: string): Promise<boolean> {
    const answer = await this.servers.ask((consul, options) => consul.session.renew({ id, ...options }), {
      repeatable: true,
    });
    return answer.status !== 404;
  }

  async destroy(id: string): Promise<void> {
    await this.servers.ask((consul, options) => consul.session.destroy({ id, ...options }), { repeatable: true });
  }

  /** Writes the key under the session; false when another session holds it or this one is no more. */
  lock(key: string, value: string, id: string): Promise<boolean> {
    return this.commit(lockTxn(this.prefix + key, value, id));
  }

  /** The same for a key that this session holds and that somebody wrote over: it counts as never held since. */
  relock(key: string, value: string, id: string): Promise<boolean> {
    return this.commit(relockTxn(this.prefix + key, value, id));
  }

  private async commit(operations: TxnOperation[]): Promise<boolean> {
    const answer = await this.servers.ask(
      (consul, options) => consul.transaction.create(operations, { ...options, operations }),
      { repeatable: true },
    );
    return commitOf(answer).ok;
  }

  async holder(key: string): Promise<HeldEntry | undefined> {
    const answer = await this.servers.ask((consul, options) => consul.kv.get({ key: this.prefix + key, ...options }), {
      repeatable: true,
    });
    return entriesOf(answer, this.prefix)[0];
  }
}
