/**
 * Addresses that were in use a moment ago. Neighbours of an endpoint remember its MAC, and clients its address, for
 * some seconds after it is gone: a newcomer that got the same one would receive what was meant for the dead.
 */

import type { Op, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import type { Cidr, Ip, NodeId } from '../../model/values/types.js';
import { partsOf } from '../../store/in-parts.js';

/** How long a released address is given out last, ms. */
export const REST_MS = 10_000;

export class AddressCooldown {
  /** Keys of ours and when their time is over, by the clock that nobody sets. */
  private readonly resting = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: Pick<Store, 'commit' | 'keys' | 'list'>,
    private readonly self: NodeId,
  ) {}

  /** Marks that earlier lives of this host left behind; their time is over. */
  async load(): Promise<void> {
    const found = await this.store.list(keys.released).catch(() => undefined);
    for (const { key, value } of found?.entries ?? []) if (value === this.self) this.resting.set(key, 0);
    await this.sweep();
  }

  /** The addresses of a pool that should rest. */
  async of(pool: Cidr): Promise<readonly string[]> {
    const prefix = keys.releasedOf(pool);
    return (await this.store.keys(prefix)).map((key) => key.slice(prefix.length));
  }

  /** Part of the transaction that frees the address. */
  restOp(pool: Cidr, ip: Ip): Op {
    const key = this.key(pool, ip);
    this.resting.set(key, performance.now() + REST_MS);
    this.timer ??= setTimeout(() => void this.sweep(), REST_MS).unref();
    return { verb: 'set', key, value: this.self };
  }

  /** Part of the transaction that gives an address out which does not rest, as far as we know. */
  restedOp(pool: Cidr, ip: Ip): Op {
    return { verb: 'checkAbsent', key: this.key(pool, ip) };
  }

  /** Part of the transaction that gives the address out all the same. */
  endOp(pool: Cidr, ip: Ip): Op {
    return { verb: 'delete', key: this.key(pool, ip) };
  }

  private key(pool: Cidr, ip: Ip): string {
    return `${keys.releasedOf(pool)}${ip}`;
  }

  /** Marks are worth little: those that a store refuses to remove are tried again with the next ones. */
  private async sweep(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const over = [...this.resting].flatMap(([key, end]) => (end <= performance.now() ? [key] : []));
    for (const part of partsOf(over.map((key) => ({ verb: 'delete', key })))) {
      const done = await this.store.commit(part).catch(() => undefined);
      if (done?.ok) for (const op of part) if ('key' in op) this.resting.delete(op.key);
    }
    if (this.resting.size > 0) this.timer ??= setTimeout(() => void this.sweep(), REST_MS / 2).unref();
  }
}
