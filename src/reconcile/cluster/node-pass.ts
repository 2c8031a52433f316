/** Keeps this host's own record in the cluster true, and docker_gwbridge fit for the underlay. */
import type { Logger } from 'pino';
import { messageOf } from '../../errors.js';
import type { Notice } from '../../model/diff/drift.js';
import type { HostFacts, HostKernel } from '../../model/ports/ports.js';
import type { GwbridgeWish } from '../../model/values/types.js';
import type { NodeRegistration } from '../../registry/nodes/node-registration.js';
import { Mending } from '../host/mending.js';
import { Loop } from '../loop/loop.js';

const RESYNC_MS = 30_000;

export interface NodePassParts {
  readonly kernel: Pick<HostKernel, 'fitGwbridge' | 'hostFacts' | 'rebuildGwbridge' | 'watchGwbridge'>;
  readonly registration: Pick<NodeRegistration, 'publish'>;
  /** Of the advertised interface at the start, bytes. */
  readonly underlayMtu: number;
  readonly gwbridgeMtu: GwbridgeWish['mtu'];
  /** Makes docker_gwbridge on a host that has none, when the engine's own choice would not do. */
  readonly makeGwbridge: (facts: HostFacts) => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export class NodePass {
  private hasGwbridge = false;
  private mtu: number;
  private readonly loop: Loop<'node'>;
  private readonly mending = new Mending<'node'>(() => this.kick());

  constructor(private readonly parts: NodePassParts) {
    this.mtu = parts.underlayMtu;
    this.loop = new Loop(() => this.pass(), {
      resyncMs: RESYNC_MS,
      onError: (_, e) => parts.log.warn({ err: messageOf(e) }, "the host's own record could not be brought up to date"),
      describe: () => "the host's own record",
    });
  }

  /** Of the advertised interface as last seen, bytes. */
  get underlayMtu(): number {
    return this.mtu;
  }

  kick(): void {
    this.loop.kick('node');
  }

  /** Networks came or went: docker_gwbridge must not overlap them. */
  networksChanged(): void {
    if (!this.hasGwbridge) this.kick();
  }

  stop(): void {
    this.mending.stop();
    this.loop.stop();
  }

  private async pass(): Promise<boolean> {
    const facts = await this.parts.kernel.hostFacts();
    this.mtu = facts.underlayMtu;
    this.parts.kernel.watchGwbridge((notices) => this.onNotices(notices));
    // A bridge that cannot be mended keeps no host out of the cluster, nor the other way round.
    const done = await Promise.allSettled([this.parts.registration.publish(facts), this.tendGwbridge(facts.gwbridge)]);
    for (const { reason } of done.filter((d) => d.status === 'rejected')) throw reason;
    this.hasGwbridge = facts.gwbridge !== undefined;
    // Not awaited: an engine that boots takes the request and answers much later.
    if (facts.gwbridge === undefined) void this.parts.makeGwbridge(facts);
    return true;
  }

  private async tendGwbridge(gwbridge: HostFacts['gwbridge']): Promise<void> {
    if (gwbridge === undefined) {
      const ports = await this.parts.kernel.rebuildGwbridge();
      if (ports > 0) this.parts.log.warn({ ports }, 'repaired docker_gwbridge, which somebody had removed');
      return;
    }
    const mtu = this.wantedMtu(gwbridge.mtu);
    if (gwbridge.mtu === mtu && gwbridge.up) return;
    await this.parts.kernel.fitGwbridge(mtu);
    this.parts.log.info({ mtu, was: gwbridge.mtu, up: gwbridge.up }, 'docker_gwbridge fitted to the underlay');
  }

  private onNotices(notices: readonly Notice[]): void {
    const wrong = notices.some(
      (n) => n.kind === 'lost' || (n.kind === 'link' && (n.gone || !n.up || n.mtu !== this.wantedMtu(n.mtu))),
    );
    if (wrong) this.mending.damaged('node');
  }

  /** The engine makes docker_gwbridge on first need, with 1500 whatever the underlay has. */
  private wantedMtu(now: number): number {
    if (this.parts.gwbridgeMtu === 'keep') return now;
    return this.parts.gwbridgeMtu === 'underlay' ? this.mtu : this.parts.gwbridgeMtu;
  }
}
