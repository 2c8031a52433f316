/** Keeps the guard of Consul in step with where its servers are and with the engine's bridge networks. */
import { lookup } from 'node:dns/promises';
import type { Log } from '../../health/events.js';
import type { RowPorts } from '../../health/row.js';
import type { ConsulGuard, ServerAddress } from '../../model/ports/ports.js';
import { isIp, parseIp } from '../../model/values/address.js';
import type { Ip } from '../../model/values/types.js';
import { Loop } from '../loop/loop.js';

/** Somebody may flush the ruleset; looking costs two questions to the kernel. */
const LOOK_MS = 2_000;
/** Names may lead elsewhere, and of bridge networks an event may be missed. */
const LEARN_MS = 30_000;
/** Guarded also while the engine does not answer. */
const ALWAYS = ['docker0', 'docker_gwbridge'];

export interface ConsulServer {
  readonly host: string;
  readonly port: number;
}

export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveAll: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

export class ConsulGuardPass {
  private readonly loop: Loop<'guard'>;
  private readonly addresses = new Map<string, readonly Ip[]>();
  private bridges: readonly string[] = ALWAYS;
  private learnt = Number.NEGATIVE_INFINITY;
  /** What the guard was last told. */
  private told = '';

  constructor(
    private readonly guard: ConsulGuard,
    /** Empty: nothing is guarded. */
    private readonly servers: readonly ConsulServer[],
    private readonly readBridges: () => Promise<readonly string[]>,
    private readonly log: Pick<Log, 'warn'>,
    private readonly rows: RowPorts<'guard.consul' | 'guard.consul-names'>,
    private readonly resolve: Resolve = resolveAll,
  ) {
    this.loop = new Loop(() => this.pass(), {
      resyncMs: LOOK_MS,
      row: () => rows.of('guard.consul').row(),
      describe: () => 'the guard of Consul',
    });
  }

  /** After news of the engine's networks too. */
  kick(): void {
    this.learnt = Number.NEGATIVE_INFINITY;
    this.loop.kick('guard');
  }

  stop(): void {
    this.loop.stop();
    this.guard.close();
  }

  private async pass(): Promise<boolean> {
    if (this.servers.length === 0) {
      this.guard.remove();
      return false;
    }
    // First with what is known without asking: resolvers and the engine may take their time.
    if (this.told === '') this.make();
    if (performance.now() - this.learnt > LEARN_MS) await this.learn();
    this.make();
    return true;
  }

  private make(): void {
    const servers = this.servers.flatMap(({ host, port }): ServerAddress[] =>
      (isIp(host) ? [parseIp(host)] : (this.addresses.get(host) ?? [])).map((address) => ({ address, port })),
    );
    const wish = JSON.stringify([this.bridges, servers]);
    const stands = this.guard.stands();
    // Made anew only when needed: its counters tell what was kept away.
    if (stands && wish === this.told) return;
    this.guard.ensure(this.bridges, servers);
    if (!stands && this.told !== '')
      this.log.warn({ event: 'repaired' }, 'repaired the guard of Consul, which somebody had removed');
    this.told = wish;
  }

  private async learn(): Promise<void> {
    this.learnt = performance.now();
    const unknown: string[] = [];
    const names = this.servers.map(({ host }) => host).filter((host) => !isIp(host));
    await Promise.all([
      this.readBridges().then(
        (found) => {
          this.bridges = [...new Set([...ALWAYS, ...found])].sort();
        },
        // It is told elsewhere that the engine does not answer.
        () => undefined,
      ),
      ...[...new Set(names)].map(async (host) => {
        try {
          this.addresses.set(host, [...new Set((await this.resolve(host)).map(parseIp))].sort());
        } catch {
          if (!this.addresses.has(host)) unknown.push(host);
        }
      }),
    ]);
    const row = this.rows.of('guard.consul-names').row();
    if (unknown.length === 0) row.ok();
    else row.degraded({ names: unknown.sort().join(', ') });
  }
}
