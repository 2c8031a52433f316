/** A network of another driver that containers of ours are on as well: who is called what there, as the engine tells. */
import type { Attachment, NamedNetwork } from '../../model/ports/engine-port.js';
import type { EndpointId, Named } from '../../model/values/types.js';

export class ForeignNetwork {
  /** Containers of ours that are on it; without any it is of no interest. */
  readonly sharers = new Set<string>();
  /** `nameless`: the engine gives nobody a name there, or it is a network of ours. */
  traits: NamedNetwork | 'nameless' | undefined;
  /** Those that were on it when it was first looked at are known. */
  isListed = false;
  private readonly containers = new Map<string, Attachment>();
  private copy: ReadonlyMap<string, Named> | undefined;

  /** By container; another map once one has changed. Made when it is asked for, not with each change. */
  get endpoints(): ReadonlyMap<string, Named> {
    this.copy ??= new Map(this.containers);
    return this.copy;
  }

  get isUntold(): boolean {
    return this.traits !== 'nameless' && !(this.traits !== undefined && this.isListed);
  }

  has(container: string, endpoint: EndpointId): boolean {
    return this.containers.get(container)?.endpoint === endpoint;
  }

  set(container: string, attachment: Attachment): void {
    if (this.traits === 'nameless') return;
    this.containers.set(container, attachment);
    this.copy = undefined;
  }

  delete(container: string): void {
    if (this.containers.delete(container)) this.copy = undefined;
  }
}
