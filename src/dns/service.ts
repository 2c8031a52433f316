/** The resolvers of all containers of this host that are on a network of ours. */
import { messageOf } from '../errors.js';
import { namespaceFile } from '../kernel/namespace-file.js';
import { AwaitedFiles } from './awaited-files.js';
import { Budget } from './budget.js';
import { type Common, type Log, Resolver } from './resolver.js';
import { Turns } from './turns.js';
import type { Zone } from './zone.js';

/** A third of what a redirect outlives its renewal: two may be missed. */
const RENEW_MS = 1300;
/** A sandbox that could not be served is tried again so often, milliseconds. */
const RETRY_MS = 10_000;

type Zones = () => readonly Zone[];

interface Serving {
  readonly resolver: Resolver;
  /** Of the namespace that the resolver is in. */
  readonly inode: number;
}

interface Failure {
  readonly message: string;
  readonly at: number;
}

/**
 * Every wanted sandbox is in one of three states: awaited (no namespace at its path), serving, or failed (tried again
 * later). One sandbox's error never reaches another one, nor the caller.
 */
export class DnsService {
  private wanted: ReadonlyMap<string, Zones> = new Map();
  private readonly serving = new Map<string, Serving>();
  private readonly failed = new Map<string, Failure>();
  private readonly stopping = new Map<string, Promise<void>>();
  private readonly waiters = new Map<string, Set<(ready: boolean) => void>>();
  private readonly awaited = new AwaitedFiles((path) => this.begin(path));
  private timer: NodeJS.Timeout | undefined;

  private readonly common: Common;

  constructor(private readonly log?: Log) {
    this.common = { budget: new Budget(), turns: new Turns(), log };
  }

  /**
   * Makes what runs equal what is wanted: sandbox path to what its container can look up (called for every query).
   * A sandbox whose namespace does not exist yet gets its resolver as soon as it does. Idempotent; never throws.
   */
  sync(wanted: ReadonlyMap<string, Zones>): void {
    this.wanted = wanted;
    for (const path of [...this.serving.keys()]) if (!wanted.has(path)) this.end(path);
    for (const path of [...this.failed.keys()]) if (!wanted.has(path)) this.failed.delete(path);
    for (const path of [...this.waiters.keys()]) if (!wanted.has(path)) this.settle(path, false);
    this.awaited.keepOnly(wanted);
    for (const path of wanted.keys()) if (!this.serving.has(path) && !this.failed.has(path)) this.begin(path);
    if (wanted.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    } else {
      this.timer ??= setInterval(() => this.renew(), RENEW_MS).unref();
    }
  }

  /** Resolves to true once the sandbox's redirect stands; to false after `deadlineMs`, or when it is not wanted. */
  ready(sandbox: string, deadlineMs: number): Promise<boolean> {
    if (this.serving.has(sandbox)) return Promise.resolve(true);
    if (!this.wanted.has(sandbox)) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiters = this.waiters.get(sandbox) ?? new Set();
      const settle = (ready: boolean): void => {
        clearTimeout(timer);
        waiters.delete(settle);
        resolve(ready);
      };
      const timer = setTimeout(settle, deadlineMs, false);
      this.waiters.set(sandbox, waiters.add(settle));
    });
  }

  /** Clean stop of all: the engine's resolvers answer again. */
  async stop(): Promise<void> {
    this.sync(new Map());
    await Promise.all(this.stopping.values());
  }

  private begin(path: string): void {
    if (!this.wanted.has(path) || this.serving.has(path)) return;
    // The one that is stopping will remove the redirect, whoever made it.
    const stopping = this.stopping.get(path);
    if (stopping) {
      void stopping.then(() => this.begin(path));
      return;
    }
    const file = namespaceFile(path);
    if (file.kind !== 'mounted') {
      this.awaited.add(path);
      return;
    }
    this.awaited.drop(path);
    const resolver = new Resolver(path, () => this.wanted.get(path)?.() ?? [], this.common);
    try {
      resolver.start();
    } catch (e) {
      this.fail(path, e);
      return;
    }
    this.failed.delete(path);
    this.serving.set(path, { resolver, inode: file.inode });
    this.settle(path, true);
  }

  private end(path: string): void {
    const serving = this.serving.get(path);
    if (!serving) return;
    this.serving.delete(path);
    const { resolver, inode } = serving;
    if (!isStill(path, inode)) {
      resolver.abandon();
      return;
    }
    const stopped = resolver
      .stop()
      .catch((e) => this.warn(path, e, 'its redirect is left to time out'))
      .finally(() => this.stopping.delete(path));
    this.stopping.set(path, stopped);
  }

  /** The pulse: renews redirects, lets ended containers go, tries failed sandboxes again. */
  private renew(): void {
    for (const [path, { resolver, inode }] of [...this.serving]) {
      if (!isStill(path, inode)) {
        this.end(path);
        this.begin(path);
        continue;
      }
      try {
        resolver.renew();
      } catch (e) {
        this.serving.delete(path);
        resolver.abandon();
        this.fail(path, e);
      }
    }
    for (const [path, { at }] of [...this.failed]) if (performance.now() - at >= RETRY_MS) this.begin(path);
  }

  private fail(path: string, e: unknown): void {
    const message = messageOf(e);
    if (this.failed.get(path)?.message !== message) {
      this.warn(path, e, 'names of other hosts do not resolve in this container');
    }
    this.failed.set(path, { message, at: performance.now() });
  }

  private warn(sandbox: string, e: unknown, consequence: string): void {
    this.log?.warn({ sandbox, err: e }, `DNS: ${consequence}: ${messageOf(e)}`);
  }

  private settle(path: string, ready: boolean): void {
    for (const settle of [...(this.waiters.get(path) ?? [])]) settle(ready);
    this.waiters.delete(path);
  }
}

function isStill(path: string, inode: number): boolean {
  const file = namespaceFile(path);
  return file.kind === 'mounted' && file.inode === inode;
}
