/**
 * What the engine has told of each endpoint of this host: kept by the host itself, for a restart has to know at once and
 * the store is not asked. What stands there, others may have written.
 */
import { isDeepStrictEqual } from 'node:util';
import { isId } from '../../model/values/shapes.js';
import type { EndpointId } from '../../model/values/types.js';

/** Containers that start together are one write, ms. */
const SETTLE_MS = 20;

export class EndpointMemory<V> {
  private readonly values: Map<EndpointId, V>;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    content: Readonly<Record<string, V>>,
    /** What could be read again: an engine may have a folder of its own for namespaces. */
    private readonly isSound: (value: V) => boolean,
    /** Writes {@link content} to the disk. */
    private readonly save: () => void,
  ) {
    const ours = Object.entries(content).filter(([id, value]) => isId(id) && isSound(value));
    this.values = new Map(ours) as Map<EndpointId, V>;
  }

  get content(): Readonly<Record<string, V>> {
    return Object.fromEntries([...this.values].filter(([, value]) => this.isSound(value)));
  }

  get(id: EndpointId): V | undefined {
    return this.values.get(id);
  }

  keys(): Iterable<EndpointId> {
    return this.values.keys();
  }

  set(id: EndpointId, value: V): void {
    if (isDeepStrictEqual(this.values.get(id), value)) return;
    this.values.set(id, value);
    this.soon();
  }

  delete(id: EndpointId): void {
    if (this.values.delete(id)) this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.save();
    }, SETTLE_MS).unref();
  }
}
