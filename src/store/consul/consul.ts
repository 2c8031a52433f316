/** The store in Consul's key-value part: https://developer.hashicorp.com/consul/api-docs/kv */
import type Consul from 'consul';
import type { RowPorts } from '../../health/row.js';
import type {
  Commit,
  Entry,
  Hold,
  Names,
  NamesHandlers,
  Op,
  Snapshot,
  Store,
  WatchHandlers,
} from '../../model/ports/ports.js';
import type { StorePulse } from '../pulse.js';
import type { Answer } from './answer.js';
import type { CallOptions } from './attempt.js';
import { type ConsulTls, REQUEST_TIMEOUT_MS } from './client.js';
import { ConsulHold } from './hold.js';
import { type ConsulAddress, ConsulServers } from './servers.js';
import { ConsulSessions } from './session.js';
import { ConsulToken } from './token.js';
import { commitOf, entriesOf, type HeldEntry, keysOf, MAX_OPS, toTxn, unseenRemoval } from './txn.js';
import { BLOCKING_TIMEOUT_MS, WAIT_SECONDS, watchIndexed } from './watch.js';

/**
 * A leader that has just been elected answers ordinary reads while it still replays its log, and so with less than there
 * is; a consistent read waits: https://developer.hashicorp.com/consul/api-docs/features/consistency
 */
const CONSISTENT = { consistent: true } as const;

export interface ConsulStoreOptions {
  /** Tried in turn; the one that answers is kept. */
  readonly servers: readonly ConsulAddress[];
  /** What all our keys start with, e.g. `tsoverlay/`. */
  readonly prefix: string;
  /** Present: https. */
  readonly tls?: ConsulTls;
  readonly token?: string;
  /** Where the token comes from, read again when Consul refuses it. */
  readonly tokenFile?: string;
  /** 10 or more (Consul's own minimum); 15 when absent. */
  readonly sessionTtlSeconds?: number;
  readonly rows?: RowPorts<'store.news'>;
  readonly pulse?: StorePulse;
}

type Call = (consul: Consul, options: CallOptions & Waiting) => Promise<unknown>;

/** What a query waits for, spread into the client's options. */
type Waiting = { readonly consistent: true } | { readonly index: string; readonly wait: string };

export class ConsulStore implements Store {
  readonly #prefix: string;
  readonly #servers: ConsulServers;
  readonly #sessions: ConsulSessions;
  readonly #closed = new AbortController();
  readonly #holds = new Set<ConsulHold>();

  constructor({ servers, prefix, tls, token, tokenFile, sessionTtlSeconds = 15, rows, pulse }: ConsulStoreOptions) {
    this.#prefix = prefix;
    this.#servers = new ConsulServers(servers, tls, new ConsulToken(token, tokenFile), rows, pulse);
    this.#sessions = new ConsulSessions(this.#servers, prefix, sessionTtlSeconds);
  }

  /** The servers, for sentences: `10.0.0.61:8500, 10.0.0.62:8500`. */
  get addresses(): string {
    return this.#servers.addresses;
  }

  async get(key: string): Promise<Entry | undefined> {
    const answer = await this.#servers.ask(
      (consul, options) => consul.kv.get({ key: this.#prefix + key, ...options }),
      { repeatable: true },
    );
    return entriesOf(answer, this.#prefix).map(toEntry)[0];
  }

  async list(prefix: string): Promise<Snapshot> {
    return this.#snapshot(await this.#readNow(this.#recurse(prefix)));
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const answer = await this.#servers.ask(
      (consul, options) => consul.kv.keys({ key: this.#prefix + prefix, ...CONSISTENT, ...options }),
      { repeatable: true },
    );
    return keysOf(answer, this.#prefix);
  }

  async children(prefix: string): Promise<Names> {
    const answer = await this.#readNow((consul, options) =>
      consul.kv.keys({ key: this.#prefix + prefix, separator: '/', ...options }),
    );
    return { keys: keysOf(answer, this.#prefix + prefix), index: answer.index };
  }

  /**
   * A StoreError leaves open whether the transaction was done, unless no server could be connected to: Consul may
   * have done it and its answer was lost. Throws a RangeError for more than 64 operations.
   */
  async commit(ops: readonly Op[]): Promise<Commit> {
    if (ops.length > MAX_OPS) throw new RangeError(`${ops.length} operations in one transaction, ${MAX_OPS} at most`);
    if (ops.length === 0) return { ok: true, index: 0 };
    const operations = toTxn(ops, this.#prefix);
    const answer = await this.#servers.ask(
      (consul, options) => consul.transaction.create(operations, { ...options, operations }),
      { repeatable: false },
    );
    const commit = commitOf(answer);
    const removed = commit.ok ? unseenRemoval(ops) : undefined;
    return removed === undefined || !commit.ok
      ? commit
      : { ok: true, index: Math.max(commit.index, await this.#indexAfter(removed)) };
  }

  watch(prefix: string, { onSnapshot: onNews, onError }: WatchHandlers, signal: AbortSignal): void {
    const load = (index: number, end: AbortSignal) =>
      this.#awaitNews(this.#recurse(prefix), (answer) => this.#snapshot(answer), index, end);
    void watchIndexed(load, { onNews, onError }, AbortSignal.any([signal, this.#closed.signal]));
  }

  watchNames(prefix: string, { onNames: onNews, onError }: NamesHandlers, signal: AbortSignal): void {
    const names: Call = (consul, options) => consul.kv.keys({ key: this.#prefix + prefix, ...options });
    const read = (answer: Answer): Names => ({ keys: keysOf(answer, this.#prefix), index: answer.index });
    const load = (index: number, end: AbortSignal) => this.#awaitNews(names, read, index, end);
    void watchIndexed(load, { onNews, onError }, AbortSignal.any([signal, this.#closed.signal]));
  }

  /**
   * Resolves after the first try, whether the key could be taken or another host holds it (`onError` says so, and
   * it is tried again every 5 s). Rejects with a StoreError when Consul did not answer; nothing goes on then.
   */
  async hold(
    key: string,
    value: string,
    onError: (error: Error) => void,
    onHeld: (sessions: number) => void = () => {},
  ): Promise<Hold> {
    const hold = new ConsulHold(this.#sessions, key, value, onError, onHeld);
    await hold.start();
    this.#holds.add(hold);
    return hold;
  }

  /** Ends watches and connections. Holds that were not released stay until their session's TTL is over. */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const hold of this.#holds) hold.stop();
    this.#servers.close();
  }

  #recurse(prefix: string): Call {
    return (consul, options) => consul.kv.get({ key: this.#prefix + prefix, recurse: true, ...options });
  }

  #readNow(call: Call): Promise<Answer> {
    return this.#servers.ask((consul, options) => call(consul, { ...CONSISTENT, ...options }), { repeatable: true });
  }

  #awaitNews<T>(call: Call, read: (answer: Answer) => T, index: number, signal: AbortSignal): Promise<T> {
    const blocking = index > 0;
    const waiting: Waiting = blocking ? { index: String(index), wait: `${WAIT_SECONDS}s` } : CONSISTENT;
    return this.#servers.askForNews((consul, options) => call(consul, { ...waiting, ...options }), read, {
      ...{ blocking, signal },
      timeoutMs: blocking ? BLOCKING_TIMEOUT_MS : REQUEST_TIMEOUT_MS,
    });
  }

  #snapshot(answer: Answer): Snapshot {
    return { entries: entriesOf(answer, this.#prefix).map(toEntry), index: answer.index };
  }

  /**
   * A transaction's answer carries no index of its own, and its removals have no result. Reading an absent key does:
   * that of the whole table, so at least the removal's; a key made anew since has a higher one still.
   */
  async #indexAfter(key: string): Promise<number> {
    const answer = await this.#servers.ask(
      (consul, options) => consul.kv.get({ key: this.#prefix + key, ...options }),
      { repeatable: true },
    );
    return Math.max(answer.index, ...entriesOf(answer, this.#prefix).map((entry) => entry.index));
  }
}

const toEntry = ({ session: _, ...entry }: HeldEntry): Entry => entry;
