/** Consul's API as the bench uses it, over the socket that the lab's server has beside its port. */

import type { Op } from '../../../src/model/ports/ports.js';
import { lockTxn, type TxnOperation, toTxn } from '../../../src/store/consul/txn.js';
import type { Host } from '../host.js';
import { ask } from '../unix-http.js';

const SOCKET = '/run/consul.sock';
const PREFIX = 'tsoverlay/';
/** Nobody renews it: longer than any run, and as long as Consul lets one be. */
const SESSION_TTL = '86400s';

export class Store {
  constructor(private readonly host: Host) {}

  /** All or nothing; rejects when it was nothing. */
  commit(ops: readonly Op[]): Promise<void> {
    return this.transact(toTxn(ops, PREFIX));
  }

  /** Writes keys held by a session, as a host holds that of its own record. */
  async hold(entries: ReadonlyMap<string, string>): Promise<void> {
    const request = { Name: 'records', TTL: SESSION_TTL, LockDelay: '0s', Checks: [] };
    const { ID } = JSON.parse(await this.put('/v1/session/create', request)) as { ID: string };
    const all = [...entries];
    for (let i = 0; i < all.length; i += 60)
      await this.transact(all.slice(i, i + 60).flatMap(([key, value]) => lockTxn(PREFIX + key, value, ID)));
  }

  private async transact(operations: readonly TxnOperation[]): Promise<void> {
    await this.put('/v1/txn', operations);
  }

  private async put(path: string, request: object): Promise<string> {
    const { status, body } = await ask(this.host.path(SOCKET), path, 'PUT', JSON.stringify(request), 10_000);
    if (status !== 200) throw new Error(`Consul: ${path}: status ${status} ${body}`);
    return body;
  }
}
