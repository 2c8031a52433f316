/**
 * Endpoints that this host has written quietly: no head tells of them yet. They wait for the next one for a moment, then
 * for one of their own.
 */
import type { EndpointId, NetworkId } from '../../model/values/types.js';
import { newRevision } from '../../store/records/heads.js';

/** ms. A container's name follows its address within a tenth of that. */
const LONGEST_MS = 500;

interface Waiting {
  readonly endpoints: Set<EndpointId>;
  /** Of the last quiet change. It is in no head: only the host itself goes by it, to know that it has read nothing less. */
  revision: string;
  timer?: NodeJS.Timeout;
}

export class Untold {
  private readonly all = new Map<NetworkId, Waiting>();

  constructor(private readonly onDue: (network: NetworkId) => void) {}

  endpoints(network: NetworkId): readonly EndpointId[] {
    return [...(this.all.get(network)?.endpoints ?? [])];
  }

  revision(network: NetworkId): string | undefined {
    return this.all.get(network)?.revision;
  }

  /** Before they are written, for nobody may know whether they were. Returns the revision of this change. */
  add(network: NetworkId, endpoints: readonly EndpointId[]): string {
    const waiting = this.all.get(network) ?? { endpoints: new Set(), revision: '' };
    for (const id of endpoints) waiting.endpoints.add(id);
    waiting.revision = newRevision();
    this.all.set(network, waiting);
    this.wait(network);
    return waiting.revision;
  }

  /** What follows does not build on the last quiet change: nobody knows what came after that. */
  sever(network: NetworkId): void {
    const waiting = this.all.get(network);
    if (waiting !== undefined) waiting.revision = newRevision();
  }

  /** Calls in a while, unless they are told of before. */
  wait(network: NetworkId): void {
    const waiting = this.all.get(network);
    if (waiting === undefined || waiting.timer !== undefined) return;
    waiting.timer = setTimeout(() => {
      delete waiting.timer;
      if (this.all.get(network) === waiting) this.onDue(network);
    }, LONGEST_MS);
    waiting.timer.unref();
  }

  /** All of a network were told of, or are gone with it. */
  told(network: NetworkId): void {
    clearTimeout(this.all.get(network)?.timer);
    this.all.delete(network);
  }
}
