/** The resolvers of all containers of this host that are on a network of ours. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.js';
import type { Log } from '../../health/events.js';
import { NOBODY, type RowPorts } from '../../health/row.js';
import { LIVE_MS } from '../../kernel/rules/dns-rules.js';
import { namespaceFile } from '../../kernel/system/namespace-file.js';
import type { Zones } from '../answers/zone.js';
import { Failures } from '../patience/failures.js';
import { Waiters } from '../patience/waiters.js';
import { Budget } from './budget.js';
import type { Common } from './common.js';
import { added, noCounts, type ResolverCounts } from './counts.js';
import { NamespaceWaiter } from './namespace-waiter.js';
import { Resolver } from './resolver.js';
import { Turns } from './turns.js';

/** A third of what a redirect outlives its renewal: two may be missed. */
const RENEW_MS = 1300;
/** A stop that has to wait for a container's rules waits no longer: its redirect has run out by then, milliseconds. */
const STOP_MS = LIVE_MS;
const LOST = 'its rules are taken away again and again, kept busy, or in the way';

interface Serving {
  readonly resolver: Resolver;
  /** Of the namespace that the resolver is in. */
  readonly inode: number;
  /** Whether its redirect has been made. */
  stands: boolean;
}

/**
 * Every wanted sandbox is in one of three states: awaited (no namespace at its path), serving, or failed (tried again
 * later). One sandbox's error never reaches another one, nor the caller.
 */
export class DnsService {
  private wanted: ReadonlyMap<string, Zones> = new Map();
  private readonly serving = new Map<string, Serving>();
  private readonly failures = new Failures();
  private readonly stopping = new Map<string, Promise<void>>();
  private readonly waiters = new Waiters();
  private readonly awaited = new NamespaceWaiter((path) => this.begin(path));
  private timer: NodeJS.Timeout | undefined;
  /** Of resolvers that are no more. */
  private past: ResolverCounts = noCounts();
  private readonly common: Common;

  constructor(
    private readonly log?: Pick<Log, 'warn'>,
    private readonly rows: RowPorts<'dns.resolver' | 'dns.share'> = NOBODY,
  ) {
    this.common = { budget: new Budget(), turns: new Turns(), log, rows };
  }

  /**
   * Makes what runs equal what is wanted: sandbox path to what its container can look up (called for every query).
   * A sandbox whose namespace does not exist yet gets its resolver as soon as it does. Idempotent; never throws.
   */
  sync(wanted: ReadonlyMap<string, Zones>): void {
    this.wanted = wanted;
    for (const path of [...this.serving.keys()]) if (!wanted.has(path)) this.end(path);
    this.failures.keepOnly(wanted);
    this.rows.of('dns.resolver').keepOnly(wanted);
    this.rows.of('dns.share').keepOnly(wanted);
    this.waiters.keepOnly(wanted);
    this.awaited.keepOnly(wanted);
    this.beginAll();
    if (wanted.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    } else this.timer ??= setInterval(() => this.renew(), RENEW_MS).unref();
  }

  /**
   * Resolves to true once the sandbox's redirect stands; to false after `deadlineMs`, when it cannot be served, or is
   * not wanted.
   */
  ready(sandbox: string, deadlineMs: number): Promise<boolean> {
    if (this.serving.get(sandbox)?.stands) return Promise.resolve(true);
    if (!this.wanted.has(sandbox)) return Promise.resolve(false);
    return this.waiters.wait(sandbox, deadlineMs);
  }

  /** Of all resolvers there have been. */
  get counts(): ResolverCounts {
    return [...this.serving.values()].reduce((sum, { resolver }) => added(sum, resolver.counts), this.past);
  }

  /** Clean stop of all: the engine's resolvers answer again. */
  async stop(): Promise<void> {
    this.sync(new Map());
    await Promise.race([Promise.all(this.stopping.values()), sleep(STOP_MS, undefined, { ref: false })]);
  }

  /** Not at once: a host may start with hundreds. */
  private beginAll(): void {
    this.common.turns.drop(this);
    for (const path of this.wanted.keys()) {
      if (!this.serving.has(path)) this.common.turns.add(this, () => this.begin(path));
    }
  }

  private begin(path: string): void {
    if (!this.wanted.has(path) || this.serving.has(path) || this.failures.waits(path)) return;
    // The one that is stopping will remove the redirect, whoever made it.
    const stopping = this.stopping.get(path);
    if (stopping) {
      void stopping.then(() => this.begin(path));
      return;
    }
    this.rows.of('dns.resolver').row(path).pending();
    const file = namespaceFile(path);
    if (file.kind !== 'mounted') {
      this.awaited.add(path);
      return;
    }
    this.awaited.drop(path);
    const resolver = new Resolver(path, () => this.wanted.get(path)?.() ?? [], this.common);
    const serving: Serving = { resolver, inode: file.inode, stands: false };
    this.serving.set(path, serving);
    resolver.start().then(
      () => this.began(path, serving),
      (e) => this.lost(path, serving, e),
    );
  }

  private began(path: string, serving: Serving): void {
    if (this.serving.get(path) !== serving) return;
    serving.stands = true;
    this.failures.worked(path);
    this.rows.of('dns.resolver').row(path).ok();
    this.waiters.settle(path, true);
  }

  private lost(path: string, serving: Serving, e: unknown): void {
    if (this.serving.get(path) !== serving) return;
    this.drop(path, serving);
    abandonLater(serving.resolver);
    this.failures.add(path);
    const row = this.rows.of('dns.resolver').row(path);
    row.failing({ reason: messageOf(e) });
    this.waiters.settle(path, false);
  }

  private end(path: string): void {
    const serving = this.serving.get(path);
    if (!serving) return;
    this.drop(path, serving);
    const { resolver, inode } = serving;
    if (!isStill(path, inode)) resolver.abandon();
    else {
      const stopped = resolver.stop().catch((e: unknown) => this.leave(path, resolver, e));
      this.stopping.set(
        path,
        stopped.finally(() => this.stopping.delete(path)),
      );
    }
  }

  private drop(path: string, { resolver }: Serving): void {
    this.serving.delete(path);
    this.past = added(this.past, resolver.counts);
  }

  /** The pulse: renews redirects, lets ended containers go, tries failed sandboxes again. Not at once, as above. */
  private renew(): void {
    for (const [path, serving] of this.serving)
      if (this.common.turns.waiting(serving) === 0) this.common.turns.add(serving, () => this.keepUp(path, serving));
    this.beginAll();
  }

  private keepUp(path: string, serving: Serving): void {
    const { resolver, inode, stands } = serving;
    if (this.serving.get(path) !== serving) return;
    if (!isStill(path, inode)) {
      this.end(path);
      this.begin(path);
    } else if (stands) {
      const row = this.rows.of('dns.resolver').row(path);
      resolver.hasRunOut ? row.failing({ reason: LOST }) : row.ok();
      resolver.renew().catch((e) => this.lost(path, serving, e));
    }
  }

  private leave(sandbox: string, resolver: Resolver, e: unknown): void {
    abandonLater(resolver);
    this.log?.warn(
      { event: 'redirect-left', sandbox, err: messageOf(e) },
      `DNS: its redirect is left to time out: ${messageOf(e)}`,
    );
  }
}

/** Its redirect may live as long, and leads to nobody else. */
const abandonLater = (resolver: Resolver): unknown => setTimeout(() => resolver.abandon(), LIVE_MS).unref();

function isStill(path: string, inode: number): boolean {
  const file = namespaceFile(path);
  return file.kind === 'mounted' && file.inode === inode;
}
