/** The resolver of one container: answers the cluster's names in its namespace, passes all else to the engine's. */
import { messageOf } from '../../errors.js';
import { raiseLoopback } from '../../kernel/networks/loopback.js';
import { DnsRedirect } from '../../kernel/rules/dns-redirect.js';
import { LIVE_MS } from '../../kernel/rules/dns-rules.js';
import { isLoopbackUp } from '../../kernel/system/sockets.js';
import { decide, type Transport, type Verdict } from '../answers/message.js';
import { shuffled } from '../answers/shuffled.js';
import type { Zones } from '../answers/zone.js';
import { drained } from '../patience/draining.js';
import { Rest } from '../patience/rest.js';
import { Budget, type Share } from './budget.js';
import type { Common } from './common.js';
import { noCounts, type ResolverCounts } from './counts.js';
import { Servers } from './servers.js';
import { Turns } from './turns.js';

/** How long the engine's resolver answers a container that has asked for more than its share, milliseconds. */
export const PAUSE_MS = 4000;
/** The log has at most one line about a defect in so long, milliseconds. */
const QUIET_MS = 60_000;

interface Running {
  readonly redirect: DnsRedirect;
  /** Undefined during a pause. */
  servers: Servers | undefined;
  pausedAt: number;
  /** When the redirect began to live for another LIVE_MS. */
  renewedAt: number;
}

/**
 * start() once, then renew() at least every LIVE_MS, then stop() or abandon(). It holds the namespace meanwhile. What
 * it asks of the kernel there may wait for the container, so all of it is asynchronous.
 */
export class Resolver {
  readonly counts: ResolverCounts = noCounts();
  private running: Running | undefined;
  private renewing = false;
  private readonly rest = new Rest();
  private readonly share: Share;
  private told = Number.NEGATIVE_INFINITY;

  constructor(
    /** Path of the container's network namespace. */
    readonly sandbox: string,
    /** Called for every query. */
    private readonly zones: Zones,
    private readonly common: Common = { budget: new Budget(), turns: new Turns() },
  ) {
    this.share = common.budget.share();
  }

  /**
   * Listens, then redirects; once it resolves, the next query is ours. Another resolver's redirect in this namespace is
   * replaced without a gap. Rejects with a KernelError and leaves nothing behind.
   */
  async start(): Promise<void> {
    const running: Running = { redirect: new DnsRedirect(this.sandbox), servers: undefined, pausedAt: 0, renewedAt: 0 };
    this.running = running;
    try {
      await this.serve(running);
    } catch (e) {
      this.abandon();
      throw e;
    }
  }

  /**
   * Keeps the redirect alive for another LIVE_MS, and makes it anew when it was removed or a pause is over, after a rest
   * where the container's rules are slow. Does nothing while it is at it. Rejects with a KernelError.
   */
  async renew(): Promise<void> {
    if (!this.running || this.renewing) return;
    this.renewing = true;
    try {
      await this.keepUp(this.running);
    } finally {
      this.renewing = false;
    }
  }

  /** Whether the engine's resolver answers though there is no pause: the redirect is gone, or cannot be kept alive. */
  get hasRunOut(): boolean {
    const { running } = this;
    return running?.servers !== undefined && performance.now() - running.renewedAt > LIVE_MS;
  }

  /**
   * A clean stop: new queries are the engine's at once, those under way are served for a second at most. Rejects with a
   * KernelError, and goes on answering: the redirect may be alive for another LIVE_MS.
   */
  async stop(): Promise<void> {
    const { running } = this;
    if (!running) return;
    const { redirect, servers } = running;
    // What is still being made gives up.
    if (!servers) this.running = undefined;
    try {
      await redirect.suspend();
      // The listener stays: closing it would reset connections that wait to be accepted.
      if (servers) await drained(servers);
      await redirect.remove();
      this.abandon();
    } finally {
      if (!servers) close(running);
    }
  }

  /** Closes everything: the redirect is gone with the namespace, another resolver's by now, or has run out. */
  abandon(): void {
    const { running } = this;
    this.running = undefined;
    if (running) close(running);
  }

  private async keepUp(running: Running): Promise<void> {
    const { servers, pausedAt } = running;
    if (!servers) {
      if (performance.now() - pausedAt < PAUSE_MS || !this.rest.isOver) return;
      this.share.renew();
      await this.serve(running);
      if (this.running === running) this.shareRow?.ok();
      return;
    }
    const now = performance.now();
    const became = await servers.renew();
    if (became === 'renewed') running.renewedAt = now;
    if (became !== 'gone' || !this.rest.isOver) return;
    // `nft flush ruleset` in the container takes ours along. Unless it has been paused or stopped meanwhile.
    if (running.servers === servers && this.running === running) await this.redirectTo(servers, running);
  }

  private async serve(running: Running): Promise<void> {
    // Where it is up all that takes time is done before anything is waited for: it is one piece of work (see turns.ts).
    if (!isLoopbackUp(this.sandbox)) {
      await raiseLoopback(this.sandbox);
      if (this.running !== running) return; // Stopped meanwhile.
    }
    const servers = new Servers(
      this.sandbox,
      (query, transport) => this.decide(query, transport),
      this.share,
      this.common.turns,
      this.counts,
      () => this.pause(),
    );
    running.servers = servers;
    await this.redirectTo(servers, running);
  }

  private async redirectTo({ port }: Servers, running: Running): Promise<void> {
    await this.rest.after(() => running.redirect.ensure(port));
    running.renewedAt = performance.now();
  }

  /** Lets the engine's resolver answer for a while: a question costs us nothing then, wherever it is sent. */
  private pause(): void {
    if (!this.running) return;
    this.running.servers = undefined;
    this.running.pausedAt = performance.now();
    this.counts.pauses++;
    const { redirect } = this.running;
    // Otherwise it times out.
    this.rest.after(() => redirect.suspend()).catch(() => {});
    const { answered, forwarded, pauses } = this.counts;
    this.shareRow?.degraded({ answered, forwarded, pauses });
  }

  private decide(query: Buffer, transport: Transport): Verdict {
    try {
      const zones = this.zones();
      if (zones instanceof Promise) return { kind: 'wait', until: zones };
      return decide(query, transport, zones, shuffled);
    } catch (err) {
      this.tellOf(err);
      return { kind: 'forward' };
    }
  }

  private get shareRow() {
    return this.common.rows?.of('dns.share').row(this.sandbox);
  }

  private tellOf(error: unknown): void {
    const now = performance.now();
    if (now - this.told < QUIET_MS) return;
    this.told = now;
    this.common.log?.warn(
      { event: 'bug', sandbox: this.sandbox, err: messageOf(error) },
      'DNS of a container: no zones to answer from, the engine is asked',
    );
  }
}

function close({ redirect, servers }: Running): void {
  servers?.close();
  redirect.close();
}
