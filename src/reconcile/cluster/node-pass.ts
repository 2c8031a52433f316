/** Keeps this host's own record in the cluster true. */
import type { RowPorts } from '../../health/row.js';
import type { FactsKernel, HostFacts } from '../../model/ports/kernel-port.js';
import type { NodeRegistration } from '../../registry/nodes/node-registration.js';
import { Loop } from '../loop/loop.js';

const RESYNC_MS = 30_000;

export interface NodePassParts {
  readonly kernel: FactsKernel;
  readonly registration: Pick<NodeRegistration, 'publish' | 'waitMs'>;
  /** At the start. */
  readonly facts: HostFacts;
  readonly rows: RowPorts<'node.record'>;
}

export class NodePass {
  private seen: HostFacts;
  private readonly listeners = new Set<() => void>();
  private readonly loop: Loop<'node'>;

  constructor(private readonly parts: NodePassParts) {
    this.seen = parts.facts;
    this.loop = new Loop(() => this.pass(), {
      resyncMs: () => Math.min(RESYNC_MS, parts.registration.waitMs),
      row: () => parts.rows.of('node.record').row(),
      describe: () => "the host's own record",
    });
  }

  /** As last seen. */
  get facts(): HostFacts {
    return this.seen;
  }

  /** Calls `listener` after each look at the host. */
  onLook(listener: () => void): void {
    this.listeners.add(listener);
  }

  kick(): void {
    this.loop.kick('node');
  }

  /** Networks came or went: docker_gwbridge must not overlap them, where it is yet to be made. */
  networksChanged(): void {
    if (!this.seen.hasGwbridge) this.kick();
  }

  /** See {@link Loop.stop}. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async pass(): Promise<boolean> {
    this.seen = await this.parts.kernel.hostFacts();
    for (const listener of this.listeners) listener();
    await this.parts.registration.publish(this.seen);
    return true;
  }
}
