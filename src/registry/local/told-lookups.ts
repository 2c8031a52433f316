/** How containers look names up: the engine tells a moment after Join, and whoever cannot do without waits for that. */
import type { EndpointId, Lookup } from '../../model/values/types.js';
import type { Memory } from './memory.js';

interface Awaited {
  readonly told: Promise<void>;
  readonly tell: () => void;
}

function awaited(): Awaited {
  let tell = () => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return { told, tell };
}

export class ToldLookups {
  private readonly untold = new Map<EndpointId, Awaited>();

  constructor(private readonly lookups: Memory<Lookup>) {}

  /** It has joined: what was told before is of another container. */
  await(id: EndpointId): void {
    this.lookups.delete(id);
    this.untold.set(id, awaited());
  }

  told(id: EndpointId, lookup: Lookup): void {
    this.lookups.set(id, lookup);
    this.giveUp(id);
  }

  /** Undefined from Join until the engine has told, and when an older release has kept none. */
  of(id: EndpointId): Lookup | undefined {
    return this.lookups.get(id);
  }

  /** Joined a moment ago, and the engine is about to tell how it looks names up: resolves then. */
  untoldOf(id: EndpointId): Promise<void> | undefined {
    return this.untold.get(id)?.told;
  }

  /** Nobody waits any more for what the engine tells of it. */
  giveUp(id: EndpointId): void {
    const untold = this.untold.get(id);
    this.untold.delete(id);
    untold?.tell();
  }

  forget(id: EndpointId): void {
    this.lookups.delete(id);
    this.giveUp(id);
  }

  get ids(): Iterable<EndpointId> {
    return this.lookups.keys();
  }
}
