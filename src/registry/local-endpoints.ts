/**
 * Which endpoints live on this host. An endpoint is live from CreateEndpoint (or from being found in the kernel at
 * start) until DeleteEndpoint; a record of this node that is not live here is what a crash left behind.
 */
import type { Endpoint, EndpointId } from '../model/types.js';
import { Births } from './births.js';

export class LocalEndpoints {
  private readonly live = new Set<EndpointId>();
  /** Those that this process has created. */
  private readonly births = new Births<EndpointId>();
  private readonly joinedIds = new Set<EndpointId>();
  private readonly attached = new Set<EndpointId>();
  private readonly sandboxes = new Map<EndpointId, string>();

  /** Found in the kernel, or told by the engine. */
  add(id: EndpointId): void {
    this.live.add(id);
  }

  create(id: EndpointId): void {
    this.live.add(id);
    this.births.begin(id);
  }

  /** Its link has been seen: if the engine was to fetch it, it does so or gives up with Leave. */
  fetched(id: EndpointId): void {
    if (this.joinedIds.has(id)) this.attach(id);
  }

  /** Its container has had its link. */
  attach(id: EndpointId): void {
    this.live.add(id);
    this.joinedIds.delete(id);
    this.attached.add(id);
  }

  /** Joined the sandbox at this path: the engine is about to fetch the link. */
  join(id: EndpointId, sandbox: string): void {
    this.add(id);
    // The engine may have listed it already, before it called Join.
    this.attached.delete(id);
    this.joinedIds.add(id);
    this.sandboxes.set(id, sandbox);
  }

  leave(id: EndpointId): void {
    this.joinedIds.delete(id);
    this.attached.delete(id);
    this.sandboxes.delete(id);
  }

  remove(id: EndpointId): void {
    this.leave(id);
    this.live.delete(id);
    this.births.end(id);
  }

  isLive(id: EndpointId): boolean {
    return this.live.has(id);
  }

  isAttached(id: EndpointId): boolean {
    return this.attached.has(id);
  }

  /** False for what an earlier process of this host has created. */
  isOfThisProcess(id: EndpointId): boolean {
    return this.births.has(id);
  }

  /** Since its creation, ms; what an earlier process has created is as old as this one. */
  age(id: EndpointId): number {
    return this.births.age(id);
  }

  /** Those that the engine has not fetched yet. */
  get joined(): ReadonlySet<EndpointId> {
    return this.joinedIds;
  }

  /** Path of its container's namespace: told by Join in this life, or in the record since an earlier one. */
  sandboxOf(endpoint: Endpoint): string | undefined {
    const told = this.sandboxes.get(endpoint.id);
    if (told !== undefined) return told;
    return endpoint.sandbox !== '' && this.live.has(endpoint.id) ? endpoint.sandbox : undefined;
  }
}
