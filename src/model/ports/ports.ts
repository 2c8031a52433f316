/** The edge to the store. Its adapters are in `store/`; tests of pure logic use the fakes in `test/fakes`. */

/** One key of the store. `index` grows with every change of the key; 0 never occurs. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly index: number;
  /** The index at which the key was made; whoever writes over it does not change that. */
  readonly born: number;
  /** True when a living session holds the key (see {@link Store.hold}). */
  readonly held: boolean;
  /** True when a session has held the key as it is now, living or not. */
  readonly everHeld: boolean;
}

/** One operation of a transaction. Keys are relative to the store's own prefix, e.g. `networks/09ce…`. */
export type Op =
  /** Fails when the key exists. */
  | { readonly verb: 'create'; readonly key: string; readonly value: string }
  /** Fails when the key changed since `index`, or is gone. */
  | { readonly verb: 'update'; readonly key: string; readonly value: string; readonly index: number }
  | { readonly verb: 'set'; readonly key: string; readonly value: string }
  /** With `index`, fails when the key changed since; without, removing what is gone is success. */
  | { readonly verb: 'delete'; readonly key: string; readonly index?: number }
  | { readonly verb: 'deleteTree'; readonly prefix: string }
  /** Fails unless the key still has this index. */
  | { readonly verb: 'check'; readonly key: string; readonly index: number }
  /** Fails when the key exists. */
  | { readonly verb: 'checkAbsent'; readonly key: string };

/** What became of a transaction: all of it, or nothing of it. */
export type Commit =
  /** `index`: the store's index after the writes, at least as high as that of every key written. */
  | { readonly ok: true; readonly index: number }
  /** `failed`: positions of the operations whose condition did not hold. */
  | { readonly ok: false; readonly failed: readonly number[] };

/** Everything below a prefix at one moment. */
export interface Snapshot {
  readonly entries: readonly Entry[];
  /** Every change with an index up to this one is in `entries`. */
  readonly index: number;
}

/** A watch delivers whole snapshots, level-triggered, until its signal aborts; it never ends by itself. */
export interface WatchHandlers {
  onSnapshot(snapshot: Snapshot): void;
  /** The store does not answer; the watch goes on trying with backoff. */
  onError(error: Error): void;
}

/** The keys below a prefix at one moment, without their values. */
export interface Names {
  readonly keys: readonly string[];
  /** Every change with an index up to this one is in `keys`. */
  readonly index: number;
}

/** As {@link WatchHandlers}: whole lists of keys, in key order. */
export interface NamesHandlers {
  onNames(names: Names): void;
  onError(error: Error): void;
}

/** Keeps one key held by a session for as long as it runs. */
export interface Hold {
  /** Writes a new value under the hold. */
  write(value: string): Promise<void>;
  /** Lets the session go; the key and its value stay. */
  release(): Promise<void>;
}

/** Where the cluster's state lives: Consul, or one file on a single host. Every call rejects with a StoreError. */
export interface Store {
  get(key: string): Promise<Entry | undefined>;
  /** All entries whose key starts with `prefix`, in key order. */
  list(prefix: string): Promise<Snapshot>;
  /** Only their keys, in key order. */
  keys(prefix: string): Promise<readonly string[]>;
  /**
   * What follows the prefix in its keys, up to and with the next slash, each once. `index` is at least that of the last
   * change of anything below the prefix, and not higher while nothing there changes, as far as the store can tell.
   */
  children(prefix: string): Promise<Names>;
  /** At most 64 operations, all or nothing. */
  commit(ops: readonly Op[]): Promise<Commit>;
  watch(prefix: string, handlers: WatchHandlers, signal: AbortSignal): void;
  /** The same for the keys alone: it costs what the names cost, however large the values are. */
  watchNames(prefix: string, handlers: NamesHandlers, signal: AbortSignal): void;
  /**
   * Takes the key with a session of this process and renews it; a lost session is made anew by itself. A session that
   * holds a value of the same `id` is an earlier process's of this host: it is ended, until the key was held once.
   * `onError`: told a UserError while another host has the key, which is tried again; any other: the store did not do
   * it. `onHeld`: told after each look at which the key is held with the value written last, with how many sessions that
   * has taken so far.
   */
  hold(key: string, value: string, onError: (error: Error) => void, onHeld?: (sessions: number) => void): Promise<Hold>;
  close(): Promise<void>;
}
