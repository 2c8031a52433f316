/**
 * Which endpoints live on this host. An endpoint is live from CreateEndpoint (or from being found in the kernel at
 * start) until DeleteEndpoint; a record of this node that is not live here is what a crash left behind.
 */
import type { EndpointId } from '../model/types.js';

export class LocalEndpoints {
  private readonly live = new Set<EndpointId>();
  private readonly joinedIds = new Set<EndpointId>();
  private readonly sandboxes = new Map<EndpointId, string>();

  /** Created here, or found in the kernel. */
  add(id: EndpointId): void {
    this.live.add(id);
  }

  /** Joined the sandbox at this path: the engine is about to fetch the link. */
  join(id: EndpointId, sandbox: string): void {
    this.live.add(id);
    this.joinedIds.add(id);
    this.sandboxes.set(id, sandbox);
  }

  leave(id: EndpointId): void {
    this.joinedIds.delete(id);
    this.sandboxes.delete(id);
  }

  remove(id: EndpointId): void {
    this.leave(id);
    this.live.delete(id);
  }

  isLive(id: EndpointId): boolean {
    return this.live.has(id);
  }

  get joined(): ReadonlySet<EndpointId> {
    return this.joinedIds;
  }

  sandbox(id: EndpointId): string | undefined {
    return this.sandboxes.get(id);
  }
}
